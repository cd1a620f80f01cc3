import type { OpRecord } from "@flotilla/history";
import type { Struck } from "../faults/injector.ts";
import type { Plan } from "../plan/plan.ts";
import type { Broken, Judgement } from "../verdict/judge.ts";
import type { Availability } from "./availability.ts";
import { availability } from "./availability.ts";

/** What came of one run. */
export interface RunReport {
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
  readonly availability: Availability;
  readonly undecided: number;
  readonly violations: readonly Broken[];
}

export function makeReport(
  { name, seed }: Plan,
  ops: readonly OpRecord[],
  struck: readonly Struck[],
  { checked, undecided, violations }: Judgement,
): RunReport {
  const count = (outcome: OpRecord["outcome"]): number => ops.filter((op) => op.outcome === outcome).length;
  const faults: Record<string, number> = {};
  for (const { kind } of struck) faults[kind] = (faults[kind] ?? 0) + 1;
  return {
    name,
    seed,
    ops: { all: ops.length, ok: count("ok"), fail: count("fail"), unknown: count("unknown"), checked },
    faults,
    availability: availability(ops, struck),
    undecided,
    violations,
  };
}

/** The sum of several runs. */
export interface Total {
  readonly scenarios: number;
  readonly ops: number;
  readonly faults: number;
  readonly undecided: number;
  readonly violations: readonly (Broken & { readonly scenario: string })[];
}

export function totalOf(reports: readonly RunReport[]): Total {
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

/** One line for people. */
export function describe({
  name,
  seed,
  ops,
  faults,
  availability: live,
  undecided,
  violations,
}: RunReport): string {
  const struck = Object.entries(faults).map(([kind, times]) => `${kind} ${times}`);
  const verdict = violations.length > 0 ? "VIOLATED" : undecided > 0 ? "undecided" : "good";
  return `${name}: seed ${seed}: ${verdict}: ${ops.checked} operations checked, ${ops.unknown} unknown; ${live.answered} of ${live.begun} answered while a fault lasted; ${struck.join(", ")}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
