import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** A time during which one process believed that it holds one object, on one clock for all. */
export interface BeliefRecord {
  readonly kind: "belief";
  readonly process: string;
  /** The lock, election, permit or shard. */
  readonly object: string;
  /** Fencing token of the grant. */
  readonly epoch: number;
  readonly from_ns: number;
  /** First instant without the belief; `null` when it lasted to the end of the run. */
  readonly to_ns: number | null;
  /** `[from, to)` spans in which the process did not run, so that its belief could do no harm. */
  readonly paused: readonly (readonly [number, number])[];
}

export interface HolderOptions {
  /** How many may hold one object at once. Default 1. */
  readonly permits?: number;
}

interface Span {
  readonly belief: BeliefRecord;
  readonly from: number;
  readonly to: number;
}

/**
 * Single holder: at no instant do more running processes believe that they hold an object than it has
 * permits. Beliefs are half-open: one may begin at the instant at which another ends.
 */
export function singleHolder(beliefs: readonly BeliefRecord[], options: HolderOptions = {}): CheckReport {
  const permits = options.permits ?? 1;
  const findings = new Findings();
  findings.checked(beliefs.length);
  for (const [object, group] of groupBy(beliefs, (belief) => belief.object)) {
    for (const belief of group) checkShape(belief, findings);
    const spans = group.flatMap(runningSpans).toSorted((a, b) => a.from - b.from);
    let active: Span[] = [];
    for (const span of spans) {
      active = active.filter((other) => other.to > span.from);
      active.push(span);
      const holders = new Set(active.map((other) => other.belief.process));
      if (holders.size <= permits) continue;
      const who = [...holders].toSorted().join(", ");
      findings.add(
        "single-holder",
        `${object} is held by ${who} at ${span.from}`,
        ...active.map((other) => other.belief),
      );
    }
  }
  return findings.report();
}

/**
 * Epochs grow from one holder to the next, in order of `from_ns`, and no two beliefs share one. With
 * several permits, holders granted together may share an epoch, but one process never gets it twice.
 */
export function epochMonotone(beliefs: readonly BeliefRecord[], options: HolderOptions = {}): CheckReport {
  const shared = (options.permits ?? 1) > 1;
  const findings = new Findings();
  findings.checked(beliefs.length);
  for (const [object, group] of groupBy(beliefs, (belief) => belief.object)) {
    checkEpochsUnique(object, group, shared, findings);
    if (shared) continue;
    const byStart = group.toSorted((a, b) => a.from_ns - b.from_ns || a.epoch - b.epoch);
    for (const [index, belief] of byStart.entries()) {
      const previous = byStart[index - 1];
      if (previous === undefined || belief.epoch >= previous.epoch) continue;
      findings.add(
        "epoch-order",
        `${object}: epoch ${belief.epoch} comes after ${previous.epoch}`,
        previous,
        belief,
      );
    }
  }
  return findings.report();
}

function checkEpochsUnique(
  object: string,
  group: readonly BeliefRecord[],
  shared: boolean,
  findings: Findings,
): void {
  const seen = new Map<string, BeliefRecord>();
  for (const belief of group) {
    const key = JSON.stringify(shared ? [belief.epoch, belief.process] : [belief.epoch]);
    const other = seen.get(key);
    if (other !== undefined)
      findings.add("epoch-unique", `${object}: epoch ${belief.epoch} is used twice`, other, belief);
    seen.set(key, belief);
  }
}

function checkShape(belief: BeliefRecord, findings: Findings): void {
  const backwards = belief.to_ns !== null && belief.to_ns < belief.from_ns;
  if (backwards || belief.paused.some(([from, to]) => to < from)) {
    findings.add("bad-record", "a span ends before it begins", belief);
  }
}

function runningSpans(belief: BeliefRecord): Span[] {
  const end = belief.to_ns ?? Infinity;
  const pauses = belief.paused.toSorted(([a], [b]) => a - b);
  const spans: Span[] = [];
  let from = belief.from_ns;
  for (const [pauseFrom, pauseTo] of pauses) {
    if (pauseFrom > from) spans.push({ belief, from, to: Math.min(pauseFrom, end) });
    from = Math.max(from, pauseTo);
  }
  spans.push({ belief, from, to: end });
  return spans.filter((span) => span.from < span.to);
}
