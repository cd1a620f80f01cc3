import type { QueueRecord } from "./queue-once.ts";
import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

interface Delivery {
  readonly record: QueueRecord;
  readonly epoch: number;
  readonly deliveries: number;
}

/** All that is known of one value. */
interface Item {
  readonly value: string;
  readonly puts: QueueRecord[];
  /** By epoch. */
  readonly deliveries: Delivery[];
  readonly takings: QueueRecord[];
}

/**
 * Queues deliver each value to one taker after the other until one of them takes it out: nothing is delivered that
 * nobody put in, each delivery has a higher epoch and a higher count than the one before, nothing is delivered once it
 * was taken out, only its last delivery takes it out, and nothing is delivered for the first time after what was put in
 * later. All by epochs, so that it does not matter how late a taker heard of them.
 */
export function queueDeliveries(records: readonly QueueRecord[]): CheckReport {
  const findings = new Findings();
  for (const [object, group] of groupBy(records, (record) => record.object)) {
    if (group.every(({ type }) => type !== "deliver")) continue;
    findings.checked(group.length);
    const items = itemsOf(group);
    for (const item of items) checkItem(object, item, findings);
    checkOrder(object, items, findings);
  }
  return findings.report();
}

function itemsOf(group: readonly QueueRecord[]): Item[] {
  const items = new Map<string, Item>();
  for (const record of group) {
    const { type, value, epoch = 0, deliveries = 0 } = record;
    if (value === null) continue;
    const item = items.get(value) ?? { value, puts: [], deliveries: [], takings: [] };
    items.set(value, item);
    if (type === "enqueue") item.puts.push(record);
    else if (type === "deliver") item.deliveries.push({ record, epoch, deliveries });
    else item.takings.push(record);
  }
  for (const { deliveries } of items.values()) deliveries.sort((a, b) => a.epoch - b.epoch);
  return [...items.values()];
}

function checkItem(object: string, { value, puts, deliveries, takings }: Item, findings: Findings): void {
  const what = `${object}: ${value}`;
  const put = puts.find(({ outcome }) => outcome !== "fail");
  for (const [place, delivery] of deliveries.entries()) {
    const { record, epoch } = delivery;
    if (put === undefined) findings.add("delivered-phantom", `${what} was delivered, not put in`, record);
    else if ((record.return_ns ?? 0) < put.invoke_ns)
      findings.add("delivered-too-early", `${what} was delivered before it was put in`, put, record);
    const before = deliveries[place - 1];
    if (before === undefined) continue;
    if (before.epoch === epoch)
      findings.add("delivered-twice", `${what} was delivered twice at ${epoch}`, before.record, record);
    else if (before.deliveries >= delivery.deliveries)
      findings.add(
        "miscounted",
        `${what} was delivered at ${epoch}, count not higher`,
        before.record,
        record,
      );
  }
  const last = deliveries.at(-1);
  for (const taking of takings) {
    if (taking.outcome !== "ok" || taking.epoch === undefined) continue;
    if (last !== undefined && last.epoch > taking.epoch)
      findings.add(
        "delivered-again",
        `${what} was taken out at ${taking.epoch} and delivered at ${last.epoch}`,
        taking,
        last.record,
      );
  }
}

/** What was put in before, and was delivered for the first time after, was overtaken. */
function checkOrder(object: string, items: readonly Item[], findings: Findings): void {
  const delivered = items.flatMap(({ puts: [put], deliveries: [first] }) =>
    put === undefined || first === undefined ? [] : [{ put, first }],
  );
  const byReturn = delivered
    .filter(({ put, first }) => put.outcome === "ok" && first.deliveries === 1)
    .toSorted((a, b) => (a.put.return_ns ?? 0) - (b.put.return_ns ?? 0));
  let next = 0;
  let latest: (typeof delivered)[number] | undefined;
  for (const item of delivered.toSorted((a, b) => a.put.invoke_ns - b.put.invoke_ns)) {
    for (;;) {
      const earlier = byReturn[next];
      if (earlier === undefined || (earlier.put.return_ns ?? 0) >= item.put.invoke_ns) break;
      if (earlier.first.epoch > (latest?.first.epoch ?? -1)) latest = earlier;
      next += 1;
    }
    if (latest !== undefined && latest.first.epoch > item.first.epoch)
      findings.add(
        "delivered-out-of-order",
        `${object}: ${latest.put.value} was overtaken`,
        latest.put,
        latest.first.record,
        item.first.record,
      );
  }
}
