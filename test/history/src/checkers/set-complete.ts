import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** One call on a set of elements, such as the children of a node, as its client saw it. */
export interface SetRecord {
  readonly kind: "set";
  readonly object: string;
  /** `add` and `remove` change all their elements at once. */
  readonly type: "add" | "remove" | "read";
  /** Each is added once and for all in its set. Those read come in any order. Empty for an `add` whose names nobody knows. */
  readonly elements: readonly string[];
  /** Of an `add` that was given a place in a sequence. */
  readonly order?: number;
  readonly invoke_ns: number;
  /** `null` when the outcome is unknown. */
  readonly return_ns: number | null;
  readonly outcome: "ok" | "fail" | "unknown";
}

/** The life of elements that were added together. */
interface Batch {
  readonly add: SetRecord;
  readonly removal: SetRecord | undefined;
  /** The earliest end of a read that showed it. */
  seenNs: number;
  /** The earliest end of a read that it was gone for, having been there. */
  goneNs: number;
}

/**
 * Sets keep what was added until it is removed: a read shows everything whose addition it comes after, nothing whose
 * removal it comes after, nothing that nobody added; what is added together is shown together, what was shown stays, and what is gone stays away.
 * Places in a sequence are unique and grow with time.
 */
export function setComplete(records: readonly SetRecord[]): CheckReport {
  const findings = new Findings();
  findings.checked(records.length);
  for (const [object, group] of groupBy(records, (record) => record.object)) {
    const batches = batchesOf(object, group, findings);
    const hasNameless = group.some(({ type, elements }) => type === "add" && elements.length === 0);
    const reads = group.filter(({ type, outcome }) => type === "read" && outcome === "ok");
    for (const read of reads.toSorted((a, b) => a.invoke_ns - b.invoke_ns))
      checkRead(read, batches, { mayHoldOthers: hasNameless }, findings);
    checkSequence(object, group, findings);
  }
  return findings.report();
}

function batchesOf(object: string, group: readonly SetRecord[], findings: Findings): Batch[] {
  const removals = new Map<string, SetRecord>();
  for (const record of group)
    if (record.type === "remove" && record.outcome !== "fail")
      for (const element of record.elements) removals.set(element, record);
  const seen = new Map<string, SetRecord>();
  const batches: Batch[] = [];
  for (const add of group) {
    if (add.type !== "add") continue;
    for (const element of add.elements) {
      const other = seen.get(element);
      if (other !== undefined)
        findings.add("added-twice", `${object}: ${element} was added twice`, other, add);
      seen.set(element, add);
    }
    batches.push({ add, removal: removals.get(add.elements[0] ?? ""), seenNs: Infinity, goneNs: Infinity });
  }
  return batches;
}

function checkRead(
  read: SetRecord,
  batches: readonly Batch[],
  { mayHoldOthers }: { readonly mayHoldOthers: boolean },
  findings: Findings,
): void {
  const { object, invoke_ns } = read;
  const returned = read.return_ns ?? Infinity;
  const unexplained = new Set(read.elements);
  for (const batch of batches) {
    const { add, removal } = batch;
    const found = add.elements.filter((element) => unexplained.delete(element)).length;
    if (found === 0) {
      const wasThere = Math.min(add.outcome === "ok" ? (add.return_ns ?? Infinity) : Infinity, batch.seenNs);
      if (add.elements.length === 0 || wasThere >= invoke_ns) continue;
      batch.goneNs = Math.min(batch.goneNs, returned);
      if ((removal?.invoke_ns ?? Infinity) > returned)
        findings.add("lost", `${object}: ${add.elements.join(" ")} is not shown`, add, read);
      continue;
    }
    batch.seenNs = Math.min(batch.seenNs, returned);
    if (found < add.elements.length)
      findings.add("torn", `${object}: only ${found} of ${add.elements.join(" ")} are shown`, add, read);
    if (add.outcome === "fail" || add.invoke_ns > returned)
      findings.add("too-early", `${object}: ${add.elements.join(" ")} is shown`, add, read);
    const removed = removal?.outcome === "ok" ? (removal.return_ns ?? Infinity) : Infinity;
    if (Math.min(removed, batch.goneNs) < invoke_ns)
      findings.add("returned", `${object}: ${add.elements.join(" ")} was removed`, removal, read);
  }
  if (unexplained.size > 0 && !mayHoldOthers)
    findings.add("phantom", `${object}: nobody added ${[...unexplained].join(" ")}`, read);
}

function checkSequence(object: string, group: readonly SetRecord[], findings: Findings): void {
  const placed = group.filter(({ order, outcome }) => order !== undefined && outcome === "ok");
  const byReturn = placed.toSorted((a, b) => (a.return_ns ?? 0) - (b.return_ns ?? 0));
  const owners = new Map<number | undefined, SetRecord>();
  let next = 0;
  let highest: SetRecord | undefined;
  for (const add of placed.toSorted((a, b) => a.invoke_ns - b.invoke_ns)) {
    const other = owners.get(add.order);
    if (other !== undefined) findings.add("place-twice", `${object}: place ${add.order}`, other, add);
    owners.set(add.order, add);
    for (;;) {
      const done = byReturn[next];
      if (done === undefined || (done.return_ns ?? 0) >= add.invoke_ns) break;
      if ((done.order ?? 0) > (highest?.order ?? -1)) highest = done;
      next += 1;
    }
    if (highest !== undefined && (highest.order ?? 0) > (add.order ?? 0))
      findings.add("place-order", `${object}: ${add.order} comes after ${highest.order}`, highest, add);
  }
}
