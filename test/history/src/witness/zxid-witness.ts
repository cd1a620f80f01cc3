import { Findings, groupBy } from "../checkers/report.ts";
import type { CheckReport } from "../checkers/report.ts";
import type { OpRecord } from "../format/records.ts";
import { isWrite, ownZxid, placeWrites } from "./placed-writes.ts";
import { sweepRealTime } from "./real-time.ts";
import type { Stamped } from "./real-time.ts";
import { replayPath } from "./replay.ts";

export interface WitnessReport extends CheckReport {
  /** Operations that returned no zxid and so were not judged. */
  readonly skipped: number;
}

/**
 * A second opinion on linearizability that trusts zxids instead of searching for an order: it replays
 * all operations in order of zxid, compares what clients saw, and checks that zxids respect real time.
 * O(n log n). `resolved` is used where present. It also requires zxids to be unique and in real-time
 * order across paths, which is more than a register needs: they all come from one log.
 */
export function zxidWitness(records: readonly OpRecord[]): WitnessReport {
  const findings = new Findings();
  const stamped: Stamped[] = [];
  const owners = new Map<number, OpRecord>();
  for (const [, group] of groupBy(records, (record) => record.op.path)) {
    const writes = placeWrites(group, findings);
    replayPath(group, writes, findings);
    for (const write of writes.placed) {
      const other = owners.get(write.zxid);
      if (other !== undefined)
        findings.add("zxid-unique", `zxid ${write.zxid} belongs to two paths`, other, write.record);
      owners.set(write.zxid, write.record);
      stamped.push(write);
    }
    for (const record of group) {
      const zxid = isWrite(record) ? undefined : ownZxid(record);
      if (zxid !== undefined) stamped.push({ record, zxid });
    }
  }
  sweepRealTime(stamped, findings);
  findings.checked(stamped.length);
  return { ...findings.report(), skipped: records.length - stamped.length };
}
