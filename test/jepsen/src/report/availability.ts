import type { OpRecord } from "@flotilla/history";
import type { Struck } from "../faults/injector.ts";
import { isObservation } from "./timeline.ts";

/** Time that a cluster has to notice that a member is gone. */
const graceMs = 2_000;

/** Operations that began while a fault lasted, after its first two seconds, and how many of them were answered. */
export interface Availability {
  readonly begun: number;
  readonly answered: number;
}

/** Counts; a busy machine lowers them, so that they judge nothing. */
export function availability(ops: readonly OpRecord[], faults: readonly Struck[]): Availability {
  const spans = faults.map(({ fromMs, toMs }) => [(fromMs + graceMs) * 1e6, toMs * 1e6] as const);
  const during = ops.filter(({ invoke_ns }) =>
    spans.some(([from, to]) => invoke_ns >= from && invoke_ns <= to),
  );
  const answered = during.filter(({ outcome, result }) => outcome === "ok" || isObservation(result?.error));
  return { begun: during.length, answered: answered.length };
}
