import type { TreeEvent } from "@flotilla/kv";
import { queueRoot } from "../actors/paths.ts";
import { OpenSessions } from "../world/open-sessions.ts";
import type { GoldenCommand } from "../world/golden-log.ts";
import type { World } from "../world/world.ts";
import { OwnedNodes } from "./owned.ts";

/** The tree as the log tells it: revisions, sequences, pairs and owners are as promised. */
export function judgeTree(world: World): void {
  const nodes = new Map<string, TreeEvent>();
  let revision = 0;
  let sequence = "";
  const sessions = new OpenSessions();
  const owned = new OwnedNodes();
  for (const golden of world.golden.commands) {
    const { applied, events } = golden;
    judgeOpen(world, sessions, golden);
    sessions.take(golden);
    for (const path of owned.take(golden, sessions))
      world.findings.later(
        "EphemeralOwned",
        `${path} stands after entry ${golden.index}, its lease does not`,
      );
    revision = judgeRevision(world, events, revision);
    for (const event of events) {
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
}

/** Each command that changes the tree makes the next revision, and tells its changes one after the other. Returns the last one. */
function judgeRevision(world: World, events: readonly TreeEvent[], before: number): number {
  if (events.length === 0) return before;
  for (const [at, { revision, ordinal }] of events.entries())
    if (revision !== before + 1 || ordinal !== at)
      world.findings.later(
        "RevisionMonotone",
        `change ${ordinal} of revision ${revision} comes as number ${at} after revision ${before}`,
      );
  return events.at(-1)?.revision ?? before;
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
    if (!/^\/m\/\d+[ab]$/.test(path)) continue;
    const other = nodes.get(`${path.slice(0, -1)}${path.endsWith("a") ? "b" : "a"}`);
    if (other?.node?.stat.mzxid === revision) continue;
    world.findings.later("MultiAtomic", `${path} was written at ${revision} without its other half`);
  }
}
