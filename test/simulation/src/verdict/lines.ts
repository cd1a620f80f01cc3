import type { World } from "../world/world.ts";
import type { LineState, Waiter } from "./line-replay.ts";
import { holdersOf, LineReplay } from "./line-replay.ts";

type Tell = (invariant: string, message: string) => void;

/**
 * What is held, by the log alone: it is true whatever clocks and processes do. Returns each epoch at which something was
 * granted, by the name that beliefs have for it.
 */
export function judgeLines(world: Pick<World, "golden" | "findings">): Map<string, Set<number>> {
  const replay = new LineReplay();
  const grants = new Map<string, Set<number>>();
  for (const { events } of world.golden.commands) {
    const before = new Map<string, LineState>();
    let revision = 0;
    for (const event of events) {
      revision = event.revision;
      const old = replay.line(nameOf(event.path));
      const name = replay.take(event);
      if (name !== null && !before.has(name)) before.set(name, old);
    }
    for (const [name, old] of before) {
      const tell: Tell = (invariant, message) =>
        world.findings.later(invariant, `${name} at ${revision}: ${message}`);
      const line = replay.line(name);
      judgeChange(old, line, revision, tell);
      const epochs = grants.get(objectOf(name)) ?? new Set();
      for (const { mzxid } of holdersOf(line)) epochs.add(mzxid);
      grants.set(objectOf(name), epochs);
    }
  }
  return grants;
}

/** `election/e0` is `e0` to its leaders, and `lock/l0` is `lock-l0`. */
function objectOf(name: string): string {
  return name.startsWith("election/") ? name.slice("election/".length) : name.replace("/", "-");
}

/** Of the name below whose nodes a path is: `lock/l0` of `/lock/l0/grant`. */
function nameOf(path: string): string {
  return path.split("/").slice(1, 3).join("/");
}

function judgeChange(old: LineState, now: LineState, revision: number, tell: Tell): void {
  const holders = holdersOf(now);
  const before = new Set(old.record?.holders.map(({ name }) => name));
  const fresh = holders.filter(({ name }) => !before.has(name));
  judgeRecord(old, now, revision, tell);
  for (const { name, mzxid } of fresh)
    if (mzxid !== revision) tell("GrantInLine", `${name} holds, and its node was not set with the record`);
  const taken = holders.reduce((sum, { permits }) => sum + permits, 0);
  const places = now.record?.permits ?? 0;
  if (taken > places) tell("SingleHolder", `${taken} permits are held, and there are ${places}`);
  for (const waiter of fresh) judgeTurn(old, now, waiter, tell);
}

/**
 * Whoever holds is written out only when its node goes, and nobody is written in who stands in no line. Whose node went
 * after the line was read may be written again: it holds by its node alone.
 */
function judgeRecord(old: LineState, now: LineState, revision: number, tell: Tell): void {
  const named = new Set(now.record?.holders.map(({ name }) => name));
  for (const { name } of holdersOf(old))
    if (now.waiters.has(name) && !named.has(name))
      tell("GrantInLine", `${name} was written out of the record`);
  if (now.record?.mzxid !== revision) return;
  const before = new Set(old.record?.holders.map(({ name }) => name));
  for (const name of named)
    if (!now.waiters.has(name) && !before.has(name))
      tell("GrantInLine", `the record was written with ${name}, who stands in no line`);
}

/**
 * Nobody is granted before others that came earlier and have no lower priority; nor before those of a higher priority that
 * were in line already when the record was last written, for whoever grants has read the line since then.
 */
function judgeTurn(old: LineState, now: LineState, granted: Waiter, tell: Tell): void {
  const holding = new Set(holdersOf(now).map(({ name }) => name));
  const readSince = old.record?.mzxid ?? -1;
  for (const other of now.waiters.values()) {
    if (holding.has(other.name) || other.places !== granted.places) continue;
    const isEarlier = other.priority >= granted.priority && other.czxid < granted.czxid;
    const isAbove = other.priority > granted.priority && other.czxid <= readSince;
    if (isEarlier || isAbove) tell("FairLine", `${granted.name} was granted before ${other.name}`);
  }
}
