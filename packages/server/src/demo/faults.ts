import type { Dice } from "./dice.ts";
import type { Events } from "./events.ts";
import type { Fleet } from "./fleet.ts";
import type { MemberProcess } from "./process.ts";
import type { Queries } from "./queries.ts";
import { nowMs, until } from "./time.ts";
import type { Writes } from "./writes.ts";

export const faultKinds = ["kill-leader", "pause-leader", "kill-worker", "rolling-restart"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What a fault cost. Milliseconds. */
export interface FaultReport {
  readonly kind: FaultKind;
  readonly member: string | null;
  readonly recovered: boolean;
  /** The longest time between two acknowledged writes. */
  readonly writesMs: number;
  /** The longest time without a living leader. */
  readonly vacancyMs: number;
  /** The longest time between two correct answers. */
  readonly outageMs: number;
  /** Tasks of the replaced leader that were refused. */
  readonly staleRefused: number;
}

export interface FaultParts {
  readonly fleet: Fleet;
  readonly queries: Queries;
  readonly writes: Writes;
  readonly events: Events;
  readonly dice: Dice;
  readonly stop: AbortSignal;
}

const recoveryTimeoutMs = 30_000;
const stepTimeoutMs = 15_000;
/** Answers and writes after which things count as running again. */
const proofs = 3;

/** Does one fault, waits until the cluster is whole again, and reports what it cost. Null when stopped meanwhile. */
export async function runFault(kind: FaultKind, parts: FaultParts): Promise<FaultReport | null> {
  const { fleet, queries, writes, events, stop } = parts;
  const fromMs = nowMs();
  const staleBefore = fleet.staleRefused;
  const { member, done } = await actions[kind](parts);
  const recovered = done && (await whole(parts));
  if (stop.aborted) return null;
  const toMs = nowMs();
  const report: FaultReport = {
    kind,
    member,
    recovered,
    writesMs: writes.stamps.longestGap(fromMs, toMs),
    vacancyMs: fleet.vacancies.longest(fromMs, toMs),
    outageMs: queries.stamps.longestGap(fromMs, toMs),
    staleRefused: fleet.staleRefused - staleBefore,
  };
  tell(events, report);
  return report;
}

/** Resolves with false when it takes too long or the demo is stopped. */
export async function whole({ fleet, queries, writes, stop }: FaultParts): Promise<boolean> {
  const bounds = { timeoutMs: recoveryTimeoutMs, signal: stop };
  if (!(await until(() => fleet.isWhole(), bounds))) return false;
  const [answered, written] = [queries.stamps.count, writes.stamps.count];
  return until(
    () =>
      fleet.isWhole() && queries.stamps.count >= answered + proofs && writes.stamps.count >= written + proofs,
    bounds,
  );
}

interface Outcome {
  readonly member: string | null;
  /** False when something on the way did not happen. */
  readonly done: boolean;
}

const failed: Outcome = { member: null, done: false };

const actions: Readonly<Record<FaultKind, (parts: FaultParts) => Promise<Outcome>>> = {
  "kill-leader": async (parts) => killOne(parts, parts.fleet.leadingProcess(), "kill-leader"),
  "kill-worker": async (parts) =>
    killOne(parts, parts.dice.pick(parts.fleet.workingProcesses()), "kill-worker"),
  "pause-leader": pauseLeader,
  "rolling-restart": rollingRestart,
};

async function killOne(
  { fleet, events }: FaultParts,
  member: MemberProcess | undefined,
  kind: FaultKind,
): Promise<Outcome> {
  if (member === undefined) return failed;
  const raftLeader = fleet.raftLeader === member.id;
  const role = kind === "kill-leader" ? "the leader" : "the worker";
  events.add("fault", `kill -9 ${role} ${member.id}${hosting(member, raftLeader)}`, {
    kind,
    member: member.id,
    raftLeader,
  });
  fleet.down(member);
  await member.kill();
  await fleet.restart(member);
  return { member: member.id, done: true };
}

function hosting(member: MemberProcess, raftLeader: boolean): string {
  if (member.spec.voter === null) return " (a thin client)";
  return raftLeader ? " (its voter led the consensus)" : " (its voter followed)";
}

/**
 * The leader stops between its check and its first task. It goes on only after a successor has answered on all
 * workers, so that its tasks reach workers that know better.
 */
async function pauseLeader({ fleet, queries, events, stop }: FaultParts): Promise<Outcome> {
  const kind = "pause-leader";
  const member = fleet.leadingProcess();
  const epoch = fleet.leader?.epoch ?? 0;
  if (member === undefined) return failed;
  const bounds = { timeoutMs: stepTimeoutMs, signal: stop };
  const raftLeader = fleet.raftLeader === member.id;
  events.add("fault", `SIGSTOP the leader ${member.id}${hosting(member, raftLeader)}`, {
    kind,
    member: member.id,
    raftLeader,
  });
  fleet.expectPause(member.id);
  member.send({ type: "pause" });
  if (!(await until(() => fleet.isPausing(member.id), bounds))) {
    // It might still stop itself some time later, with nobody to wake it.
    await member.kill();
    await fleet.restart(member);
    return failed;
  }
  fleet.down(member);
  fleet.announceStopped(member, true);
  events.add("paused", `${member.id} stopped itself after its check, before its first task`, {
    member: member.id,
    epoch,
  });
  const replaced = await until(() => (fleet.leader?.epoch ?? 0) > epoch, bounds);
  const answered = queries.stamps.count;
  const carriedOn = replaced && (await until(() => queries.stamps.count >= answered + proofs, bounds));
  const staleBefore = fleet.staleRefused;
  events.add("resumed", `SIGCONT ${member.id}: it still believes in epoch ${epoch}`, {
    member: member.id,
    epoch,
  });
  member.resume();
  fleet.announceStopped(member, false);
  const refused = await until(() => fleet.staleRefused > staleBefore, bounds);
  return { member: member.id, done: carriedOn && refused };
}

/** One after the other, each closed in order and whole again before the next. */
async function rollingRestart(parts: FaultParts): Promise<Outcome> {
  const { fleet, events, stop } = parts;
  events.add("fault", "rolling restart: one member after the other", { kind: "rolling-restart" });
  for (const member of fleet.members) {
    if (stop.aborted) return failed;
    events.add("member", `${member.id} closes`, { member: member.id, state: "closing" });
    await member.close();
    await fleet.restart(member);
    if (!(await whole(parts))) return failed;
  }
  return { member: null, done: true };
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function tell(events: Events, report: FaultReport): void {
  const { kind, recovered, writesMs, vacancyMs, outageMs } = report;
  const costs = `writes stood still ${ms(writesMs)}, no leader for ${ms(vacancyMs)}, no correct answer for ${ms(outageMs)}`;
  events.add("fault-over", `${recovered ? "recovered from" : "NOT recovered from"} ${kind}: ${costs}`, {
    ...report,
    writesMs: Math.round(writesMs),
    vacancyMs: Math.round(vacancyMs),
    outageMs: Math.round(outageMs),
  });
}
