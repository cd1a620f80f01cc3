import type { OpRecord } from "../format/records.ts";
import { groupBy } from "./report.ts";

/** A delete that was acknowledged without a revision: it took effect after one and before another. */
export interface DeleteSpan {
  readonly record: OpRecord;
  readonly after: number;
  readonly before: number;
}

/** What clients wrote, by path and by value: values are unique. */
export class WrittenPaths {
  readonly #byPath: ReadonlyMap<string, readonly OpRecord[]>;
  readonly #byValue: ReadonlyMap<string, OpRecord>;
  /** Deletes by when they took effect, as far as operations around them tell. */
  readonly deletes: readonly DeleteSpan[];

  constructor(ops: readonly OpRecord[]) {
    const writes = ops.filter(({ op, outcome }) => isWrite(op) && outcome !== "fail");
    this.#byPath = new Map(groupBy(writes, ({ op }) => op.path));
    this.#byValue = new Map(
      writes.flatMap((record) => (record.op.value === undefined ? [] : [[record.op.value, record]])),
    );
    this.deletes = deletesAmong(ops);
  }

  get paths(): Iterable<string> {
    return this.#byPath.keys();
  }

  /** The write of a value to a path, unless it was refused. */
  writeOf(path: string, value: string | undefined): OpRecord | undefined {
    const record = value === undefined ? undefined : this.#byValue.get(value);
    return record?.op.path === path ? record : undefined;
  }

  /** True when somebody may have deleted it; with `since`, after that was written. */
  mayBeDeleted(path: string, since?: OpRecord): boolean {
    const sinceNs = since?.invoke_ns ?? -Infinity;
    return this.#of(path).some(
      ({ op, return_ns }) => op.type === "delete" && (return_ns ?? Infinity) >= sinceNs,
    );
  }

  /** The last value that is known to have been written there up to a revision. */
  lastUpTo(path: string, revision: number): OpRecord | undefined {
    let last: OpRecord | undefined;
    for (const record of this.#of(path)) {
      const zxid = zxidOf(record);
      if (record.op.value === undefined || zxid === undefined || zxid > revision) continue;
      if (zxid > (zxidOf(last) ?? -1)) last = record;
    }
    return last;
  }

  #of(path: string): readonly OpRecord[] {
    return this.#byPath.get(path) ?? [];
  }
}

/** The revision of a write that was acknowledged with it. */
export function zxidOf(record: OpRecord | undefined): number | undefined {
  return record?.outcome === "ok" ? record.result?.zxid : undefined;
}

function isWrite({ type }: OpRecord["op"]): boolean {
  return type !== "get" && type !== "exists";
}

/** Revisions respect real time: a delete comes after what was answered before its call, before what was begun after its answer. */
function deletesAmong(ops: readonly OpRecord[]): DeleteSpan[] {
  const deletes = ops.filter(
    (record) => record.op.type === "delete" && record.outcome === "ok" && zxidOf(record) === undefined,
  );
  const stamped = ops.filter((record) => zxidOf(record) !== undefined);
  const answered = stamped.toSorted((a, b) => endOf(a) - endOf(b));
  const afters = new Map<OpRecord, number>();
  let highest = 0;
  let next = 0;
  for (const record of deletes.toSorted((a, b) => a.invoke_ns - b.invoke_ns)) {
    for (
      let each = answered[next];
      each !== undefined && endOf(each) < record.invoke_ns;
      each = answered[next]
    ) {
      highest = Math.max(highest, zxidOf(each) ?? 0);
      next += 1;
    }
    afters.set(record, highest);
  }
  const begun = stamped.filter(({ op }) => isWrite(op)).toSorted((a, b) => b.invoke_ns - a.invoke_ns);
  const spans: DeleteSpan[] = [];
  let lowest = Infinity;
  next = 0;
  for (const record of deletes.toSorted((a, b) => endOf(b) - endOf(a))) {
    for (let each = begun[next]; each !== undefined && each.invoke_ns > endOf(record); each = begun[next]) {
      lowest = Math.min(lowest, zxidOf(each) ?? Infinity);
      next += 1;
    }
    spans.push({ record, after: afters.get(record) ?? 0, before: lowest });
  }
  return spans;
}

function endOf({ return_ns }: OpRecord): number {
  return return_ns ?? Infinity;
}
