import type { TreeEvent } from "@flotilla/kv";
import { queueRoot } from "../actors/paths.ts";
import { isOpenLease, OpenSessions } from "../world/open-sessions.ts";
import type { GoldenCommand } from "../world/golden-log.ts";
import type { World } from "../world/world.ts";

/** The tree as the log tells it: revisions, sequences, pairs and owners are as promised. */
export function judgeTree(world: World): void {
  const nodes = new Map<string, TreeEvent>();
  let revision = 0;
  let sequence = "";
  const sessions = new OpenSessions();
  for (const golden of world.golden.commands) {
    const { applied, events } = golden;
    judgeOpen(world, sessions, golden);
    sessions.take(golden);
    for (const event of events) {
      if (event.revision < revision)
        world.findings.later("RevisionMonotone", `revision ${event.revision} comes after ${revision}`);
      revision = event.revision;
      if (applied.type === "reaped") judgeReaped(world, event, nodes);
      if (applied.type === "expired") judgeExpired(world, event, nodes, applied.leases);
      if (event.type === "deleted") nodes.delete(event.path);
      else nodes.set(event.path, event);
      if (event.type !== "created" || !event.path.startsWith(`${queueRoot}/`)) continue;
      if (event.path <= sequence)
        world.findings.later("SequenceUnique", `${event.path} was made after ${sequence}`);
      sequence = event.path;
    }
    judgePairs(world, events, nodes);
  }
  for (const [path, { node }] of nodes) {
    const owner = node?.stat.ephemeralOwner ?? null;
    if (owner === null || isOpenLease(world.golden.commands, owner)) continue;
    world.findings.later("EphemeralOwned", `${path} belongs to lease ${owner}, which is over`);
  }
}

/** A session that is over changes nothing any more. */
function judgeOpen(world: World, { open }: OpenSessions, { command, events }: GoldenCommand): void {
  if (command?.type !== "request" || events.length === 0 || open.has(command.session)) return;
  const { session, seq } = command;
  world.findings.later("SessionOver", `session ${session} seq ${seq} changed the tree and is over`);
}

/** Only what may end of its own accord is deleted without anybody asking for it. */
function judgeReaped(world: World, { path, type }: TreeEvent, nodes: ReadonlyMap<string, TreeEvent>): void {
  const stat = nodes.get(path)?.node?.stat;
  if (type === "deleted" && stat !== undefined && (stat.container || stat.ttlMs !== null)) return;
  world.findings.later("ReapedOver", `${path} was ${type} by a reap`);
}

/** The end of leases takes their nodes alone. */
function judgeExpired(
  world: World,
  { path, type }: TreeEvent,
  nodes: ReadonlyMap<string, TreeEvent>,
  leases: readonly string[],
): void {
  const owner = nodes.get(path)?.node?.stat.ephemeralOwner ?? "";
  if (type === "deleted" && leases.includes(owner)) return;
  world.findings.later("EphemeralOwned", `${path} was ${type} by the end of other leases than its own`);
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
