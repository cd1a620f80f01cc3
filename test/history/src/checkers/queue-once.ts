import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** One call on a queue, as its client saw it. */
export interface QueueRecord {
  readonly kind: "queue";
  readonly object: string;
  /** `dequeue`: for good. `deliver`: handed out until that is acknowledged, which is the `dequeue` then. */
  readonly type: "enqueue" | "deliver" | "dequeue";
  /** What was put in, unique in the queue, or taken out; `null` when it was empty or nobody knows. */
  readonly value: string | null;
  /** Of the grant by which a value is delivered, or was when it is taken out. */
  readonly epoch?: number;
  /** Of a `deliver`: how often it was delivered, this time counted. */
  readonly deliveries?: number;
  readonly invoke_ns: number;
  /** `null` when the outcome is unknown. */
  readonly return_ns: number | null;
  readonly outcome: "ok" | "fail" | "unknown";
}

/** The life of one value. */
interface Item {
  readonly put: QueueRecord;
  readonly taken: QueueRecord | undefined;
}

/**
 * Queues hand out what was put in, once, first in first out: nothing is taken twice, nothing that nobody put in, nothing
 * is overtaken by what was put in after it, and no queue is empty while it holds what was acknowledged. A taking of
 * unknown outcome may have taken its value, or any one if it names none. Where values are delivered before they are
 * taken out, order is for `queueDeliveries` to judge.
 */
export function queueOnce(records: readonly QueueRecord[]): CheckReport {
  const findings = new Findings();
  findings.checked(records.length);
  for (const [object, group] of groupBy(records, (record) => record.object)) {
    const items = follow(object, group, findings);
    if (group.every(({ type }) => type !== "deliver")) checkOrder(object, items, findings);
    checkEmpty(object, items, group, findings);
  }
  return findings.report();
}

function follow(object: string, group: readonly QueueRecord[], findings: Findings): Item[] {
  const takings = new Map<string, QueueRecord>();
  for (const record of group) {
    if (record.type !== "dequeue" || record.outcome !== "ok" || record.value === null) continue;
    const other = takings.get(record.value);
    if (other !== undefined)
      findings.add("taken-twice", `${object}: ${record.value} was taken twice`, other, record);
    takings.set(record.value, record);
  }
  const items: Item[] = [];
  for (const put of group) {
    if (put.type !== "enqueue" || put.value === null) continue;
    const taken = takings.get(put.value);
    takings.delete(put.value);
    if (put.outcome === "fail") {
      if (taken !== undefined)
        findings.add("fail-with-effect", `${object}: ${put.value} was refused and taken`, put, taken);
      continue;
    }
    if (taken !== undefined && (taken.return_ns ?? 0) < put.invoke_ns)
      findings.add("too-early", `${object}: ${put.value} was taken before it was put in`, put, taken);
    items.push({ put, taken });
  }
  for (const [value, taken] of takings)
    findings.add("phantom", `${object}: ${value} was taken and never put in`, taken);
  return items;
}

function checkOrder(object: string, items: readonly Item[], findings: Findings): void {
  const settled = items.filter(({ put, taken }) => put.outcome === "ok" && taken !== undefined);
  const byEnd = settled.toSorted((a, b) => (a.put.return_ns ?? 0) - (b.put.return_ns ?? 0));
  let next = 0;
  let latest: Item | undefined;
  for (const item of items.toSorted((a, b) => a.put.invoke_ns - b.put.invoke_ns)) {
    for (;;) {
      const earlier = byEnd[next];
      if (earlier === undefined || (earlier.put.return_ns ?? 0) >= item.put.invoke_ns) break;
      if ((earlier.taken?.invoke_ns ?? 0) > (latest?.taken?.invoke_ns ?? -1)) latest = earlier;
      next += 1;
    }
    const returned = item.taken?.return_ns ?? Infinity;
    if (latest?.taken !== undefined && returned < latest.taken.invoke_ns)
      findings.add("overtaken", `${object}: ${latest.put.value} was overtaken`, latest.put, item.taken);
  }
}

function checkEmpty(
  object: string,
  items: readonly Item[],
  group: readonly QueueRecord[],
  findings: Findings,
): void {
  const unknown = group.filter(({ type, outcome }) => type === "dequeue" && outcome === "unknown");
  const nameless = unknown.filter(({ value }) => value === null);
  const earliestTaking = new Map(
    unknown.toSorted((a, b) => b.invoke_ns - a.invoke_ns).map(({ value, invoke_ns }) => [value, invoke_ns]),
  );
  for (const empty of group) {
    if (empty.type !== "dequeue" || empty.outcome !== "ok" || empty.value !== null) continue;
    const until = empty.return_ns ?? 0;
    const inside = items.filter(
      ({ put, taken }) =>
        (put.return_ns ?? Infinity) < empty.invoke_ns &&
        (taken?.invoke_ns ?? earliestTaking.get(put.value) ?? Infinity) > until,
    );
    // A value that was taken later was there for certain; one never seen again may be with an unknown taker.
    const seen = inside.filter(({ taken }) => taken !== undefined);
    const mayHave = nameless.filter(({ invoke_ns }) => invoke_ns <= until).length;
    if (seen.length > 0 || inside.length > mayHave)
      findings.add("lost", `${object}: empty, with ${inside.length} values in it`, empty, inside[0]?.put);
  }
}
