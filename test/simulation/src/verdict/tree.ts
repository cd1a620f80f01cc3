import type { TreeEvent } from "@flotilla/kv";
import { queueRoot } from "../actors/paths.ts";
import { openSessions } from "../world/open-sessions.ts";
import type { World } from "../world/world.ts";

/** The tree as the log tells it: revisions, sequences, pairs and owners are as promised. */
export function judgeTree(world: World): void {
  const nodes = new Map<string, TreeEvent>();
  let revision = 0;
  let sequence = "";
  for (const { applied, events } of world.golden.commands) {
    for (const event of events) {
      if (event.revision < revision)
        world.findings.later("RevisionMonotone", `revision ${event.revision} comes after ${revision}`);
      revision = event.revision;
      if (applied.type === "reaped") judgeReaped(world, event, nodes);
      if (event.type === "deleted") nodes.delete(event.path);
      else nodes.set(event.path, event);
      if (event.type !== "created" || !event.path.startsWith(`${queueRoot}/`)) continue;
      if (event.path <= sequence)
        world.findings.later("SequenceUnique", `${event.path} was made after ${sequence}`);
      sequence = event.path;
    }
    judgePairs(world, events, nodes);
  }
  const open = openSessions(world.golden.commands);
  for (const [path, { node }] of nodes) {
    const owner = node?.stat.ephemeralOwner ?? null;
    if (owner === null || open.has(owner)) continue;
    world.findings.later("EphemeralOwned", `${path} belongs to session ${owner}, which is over`);
  }
}

/** Only what may end of its own accord is deleted without anybody asking for it. */
function judgeReaped(world: World, { path, type }: TreeEvent, nodes: ReadonlyMap<string, TreeEvent>): void {
  const stat = nodes.get(path)?.node?.stat;
  if (type === "deleted" && stat !== undefined && (stat.container || stat.ttlMs !== null)) return;
  world.findings.later("ReapedOver", `${path} was ${type} by a reap`);
}

/** Nodes of a pair are only ever written together. */
function judgePairs(world: World, events: readonly TreeEvent[], nodes: ReadonlyMap<string, TreeEvent>): void {
  for (const { path, revision } of events) {
    if (!/^\/m\/\d+a$/.test(path)) continue;
    const other = nodes.get(`${path.slice(0, -1)}b`);
    if (other?.node?.stat.mzxid === revision) continue;
    world.findings.later("MultiAtomic", `${path} was written at ${revision} without its other half`);
  }
}
