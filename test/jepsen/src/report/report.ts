import type { OpRecord } from "@flotilla/history";
import type { Struck } from "../faults/injector.ts";
import type { Plan } from "../plan/plan.ts";
import type { Network } from "../run/open-links.ts";
import type { Broken, Judgement } from "../verdict/judge.ts";
import type { Availability } from "./availability.ts";
import { availability } from "./availability.ts";
import type { Spent } from "./stopwatch.ts";

/** What is told of every run. */
export interface Reported {
  readonly name: string;
  readonly seed: number;
  readonly ops: {
    /** On registers, of whatever outcome. */
    readonly all: number;
    readonly ok: number;
    readonly fail: number;
    readonly unknown: number;
    /** Those on registers that said something, with all other calls that left a record: all were judged. */
    readonly checked: number;
  };
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  readonly undecided: number;
  readonly violations: readonly Broken[];
  /** Told of faults that come one after the other. */
  readonly availability?: Availability;
  /** Told of faults of disks: what each did, in numbers. */
  readonly outcomes?: Readonly<Record<string, number>>;
}

/** What came of a plan. */
export interface RunReport extends Reported {
  readonly availability: Availability;
  /** In which members met. */
  readonly network: Network;
  readonly spentMs: Spent;
}

export function makeReport(
  { name, seed }: Plan,
  network: Network,
  ops: readonly OpRecord[],
  struck: readonly Struck[],
  { checked, undecided, violations }: Judgement,
  spentMs: Spent,
): RunReport {
  const faults: Record<string, number> = {};
  for (const { kind } of struck) faults[kind] = (faults[kind] ?? 0) + 1;
  return {
    name,
    seed,
    network,
    ops: countOps(ops, checked),
    faults,
    availability: availability(ops, struck),
    undecided,
    violations,
    spentMs,
  };
}

/** Of a run that came to nothing: that is told like something that was broken, and others go on. */
export function failedReport({ name, seed }: Plan, error: unknown): Reported {
  const violations = [{ invariant: "Completed", message: String(error) }];
  return { name, seed, ops: countOps([], 0), faults: {}, undecided: 0, violations };
}

/** Operations on registers by outcome, beside how many calls of any kind were judged. */
export function countOps(ops: readonly OpRecord[], checked: number): RunReport["ops"] {
  const count = (outcome: OpRecord["outcome"]): number => ops.filter((op) => op.outcome === outcome).length;
  return { all: ops.length, ok: count("ok"), fail: count("fail"), unknown: count("unknown"), checked };
}

/** The sum of several runs. */
export interface Total {
  readonly scenarios: number;
  readonly ops: number;
  readonly faults: number;
  readonly undecided: number;
  readonly violations: readonly (Broken & { readonly scenario: string })[];
}

export function totalOf(reports: readonly Reported[]): Total {
  return {
    scenarios: reports.length,
    ops: sum(reports.map(({ ops }) => ops.checked)),
    faults: sum(reports.flatMap(({ faults }) => Object.values(faults))),
    undecided: sum(reports.map(({ undecided }) => undecided)),
    violations: reports.flatMap(({ name, violations }) =>
      violations.map((broken) => ({ scenario: name, ...broken })),
    ),
  };
}

/** 0 good, 1 a promise is broken, 3 undecided, or nothing could be run. */
export function exitCodeOf({ scenarios, undecided, violations }: Total): 0 | 1 | 3 {
  if (violations.length > 0) return 1;
  return undecided > 0 || scenarios === 0 ? 3 : 0;
}

/** One line for people. */
export function describe(report: Reported): string {
  const { name, seed, ops, faults, availability: live, outcomes = {}, undecided, violations } = report;
  const verdict = violations.length > 0 ? "VIOLATED" : undecided > 0 ? "undecided" : "good";
  const answered =
    live === undefined ? [] : [`${live.answered} of ${live.begun} answered while a fault lasted`];
  const told = Object.entries(outcomes).map(([what, count]) => `${what} ${count}`);
  const struck = Object.entries(faults).map(([kind, times]) => `${kind} ${times}`);
  return [
    `${name}: seed ${seed}: ${verdict}: ${ops.checked} operations checked, ${ops.unknown} unknown`,
    ...answered,
    ...(told.length === 0 ? [] : [told.join(", ")]),
    struck.join(", "),
  ].join("; ");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
