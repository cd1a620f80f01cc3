import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** One call on a counter that only grows from 0, as its client saw it. */
export interface CounterRecord {
  readonly kind: "counter";
  readonly object: string;
  readonly type: "add" | "get";
  /** At least 1; 0 for `get`. */
  readonly by: number;
  /** Of an `ok`: the number afterwards, or the number read. Else `null`. */
  readonly value: number | null;
  readonly invoke_ns: number;
  /** `null` when the outcome is unknown. */
  readonly return_ns: number | null;
  readonly outcome: "ok" | "fail" | "unknown";
}

interface Answered extends CounterRecord {
  readonly value: number;
  readonly return_ns: number;
}

/**
 * Counters count each addition once: the spans that acknowledged additions fill do not overlap, what lies between them
 * was added by calls of unknown outcome, and no answer is lower than one that came before its call.
 */
export function counterExact(records: readonly CounterRecord[]): CheckReport {
  const findings = new Findings();
  findings.checked(records.length);
  for (const [object, group] of groupBy(records, (record) => record.object)) {
    const answered = group.filter(isAnswered);
    checkSpans(object, answered, findings);
    checkRealTime(object, answered, findings);
    checkBound(object, answered, group, findings);
  }
  return findings.report();
}

function isAnswered(record: CounterRecord): record is Answered {
  return record.outcome === "ok" && record.value !== null && record.return_ns !== null;
}

function checkSpans(object: string, answered: readonly Answered[], findings: Findings): void {
  const adds = answered.filter(({ type }) => type === "add").toSorted((a, b) => a.value - b.value);
  for (const [place, add] of adds.entries()) {
    const before = adds[place - 1];
    if (before !== undefined && add.value - add.by < before.value)
      findings.add("lost-addition", `${object}: two additions led to ${add.value}`, before, add);
  }
  for (const get of answered.filter(({ type }) => type === "get")) {
    const around = adds.find(({ value, by }) => get.value > value - by && get.value < value);
    if (around !== undefined)
      findings.add("half-counted", `${object}: ${get.value} lies within an addition`, get, around);
  }
}

/** Each answer is at least as high as all that were there before its call. */
function checkRealTime(object: string, answered: readonly Answered[], findings: Findings): void {
  const byReturn = answered.toSorted((a, b) => a.return_ns - b.return_ns);
  let next = 0;
  let highest: Answered | undefined;
  for (const record of answered.toSorted((a, b) => a.invoke_ns - b.invoke_ns)) {
    for (;;) {
      const done = byReturn[next];
      if (done === undefined || done.return_ns >= record.invoke_ns) break;
      if (highest === undefined || done.value > highest.value) highest = done;
      next += 1;
    }
    if (highest !== undefined && record.value - record.by < highest.value)
      findings.add("went-back", `${object}: ${record.value} comes after ${highest.value}`, highest, record);
  }
}

/** No answer is higher than all that may have been added by then. */
function checkBound(
  object: string,
  answered: readonly Answered[],
  group: readonly CounterRecord[],
  findings: Findings,
): void {
  const adds = group
    .filter(({ type, outcome }) => type === "add" && outcome !== "fail")
    .toSorted((a, b) => a.invoke_ns - b.invoke_ns);
  let next = 0;
  let most = 0;
  for (const record of answered.toSorted((a, b) => a.return_ns - b.return_ns)) {
    for (;;) {
      const add = adds[next];
      if (add === undefined || add.invoke_ns > record.return_ns) break;
      most += add.by;
      next += 1;
    }
    if (record.value > most)
      findings.add("counted-twice", `${object}: ${record.value}, but ${most} were added at most`, record);
  }
}
