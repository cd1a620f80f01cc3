import type { Findings } from "../checkers/report.ts";
import type { OpRecord } from "../format/records.ts";
import { isWrite } from "./placed-writes.ts";

/** An operation with the zxid it took effect at, or the zxid a read showed. */
export interface Stamped {
  readonly record: OpRecord;
  readonly zxid: number;
}

/**
 * Zxids must respect real time: a write begun after anything returned is later than what that one
 * wrote or saw, on any path; a read begun after anything returned on its own path is not earlier.
 */
export function sweepRealTime(stamped: readonly Stamped[], findings: Findings): void {
  const calls = stamped.toSorted((a, b) => a.record.invoke_ns - b.record.invoke_ns);
  const returns = stamped
    .filter(({ record }) => record.return_ns !== null)
    .toSorted((a, b) => (a.record.return_ns ?? 0) - (b.record.return_ns ?? 0));
  const floors = new Map<string, Stamped>();
  let floor: Stamped | undefined;
  let returned = 0;
  for (const call of calls) {
    for (; returned < returns.length; returned++) {
      const done = returns[returned];
      if (done === undefined || (done.record.return_ns ?? 0) >= call.record.invoke_ns) break;
      floor = higher(floor, done);
      floors.set(done.record.op.path, higher(floors.get(done.record.op.path), done));
    }
    const before = isWrite(call.record) ? floor : floors.get(call.record.op.path);
    if (before === undefined || call.zxid > before.zxid) continue;
    if (call.zxid === before.zxid && !isWrite(call.record)) continue;
    findings.add(
      "real-time",
      `zxid ${call.zxid} was begun after zxid ${before.zxid} had returned`,
      before.record,
      call.record,
    );
  }
}

function higher(a: Stamped | undefined, b: Stamped): Stamped {
  return a === undefined || b.zxid > a.zxid ? b : a;
}
