import type { Findings } from "../checkers/report.ts";
import type { OpRecord } from "../format/records.ts";

/** A write whose zxid is known: from its answer, from the log, or from a read that saw its value. */
export interface PlacedWrite {
  readonly record: OpRecord;
  readonly zxid: number;
}

/** Everything known about the writes of one path. */
export interface PathWrites {
  /** By zxid, rising. */
  readonly placed: readonly PlacedWrite[];
  /** Some write happened, or may have, at a zxid that nobody saw. */
  readonly loose: boolean;
}

/** True for an operation that changes the state when it succeeds. */
export function isWrite(record: OpRecord): boolean {
  return record.op.type !== "get" && record.op.type !== "exists";
}

/** The zxid that an operation was answered with, or that the log gives it. */
export function ownZxid(record: OpRecord): number | undefined {
  if (record.outcome === "ok") return record.result?.zxid;
  return record.resolved?.applied === true ? record.resolved.zxid : undefined;
}

/**
 * Places the writes of one path. A read that shows a zxid without a write of its own places the write
 * of its value, because values are unique per path.
 */
export function placeWrites(records: readonly OpRecord[], findings: Findings): PathWrites {
  const byZxid = new Map<number, OpRecord>();
  const placed = new Map<OpRecord, number>();
  const place = (record: OpRecord, zxid: number): void => {
    const other = byZxid.get(zxid);
    if (other !== undefined && other !== record)
      findings.add("zxid-unique", `zxid ${zxid} belongs to two writes`, other, record);
    const before = placed.get(record);
    if (before !== undefined && before !== zxid)
      findings.add("write-twice", `one write is seen at zxid ${before} and ${zxid}`, record);
    byZxid.set(zxid, record);
    placed.set(record, zxid);
  };
  const writes = records.filter((record) => isWrite(record) && mayHaveHappened(record));
  for (const record of writes) {
    const zxid = ownZxid(record);
    if (zxid !== undefined) place(record, zxid);
  }
  const byValue = new Map(
    writes.filter((write) => write.op.value !== undefined).map((write) => [write.op.value, write]),
  );
  for (const read of records) {
    const zxid = isWrite(read) ? undefined : ownZxid(read);
    const value = read.result?.value;
    if (zxid === undefined || value === undefined || byZxid.has(zxid)) continue;
    const write = byValue.get(value);
    if (write === undefined) findings.add("read-of-nothing", `a read shows a value that nobody wrote`, read);
    else place(write, zxid);
  }
  return {
    placed: [...placed].map(([record, zxid]) => ({ record, zxid })).toSorted((a, b) => a.zxid - b.zxid),
    loose: writes.some((record) => !placed.has(record)),
  };
}

function mayHaveHappened(record: OpRecord): boolean {
  return record.outcome === "ok" || (record.outcome === "unknown" && record.resolved?.applied !== false);
}
