import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** A lease was granted. */
export interface LeaseGrantRecord {
  readonly kind: "lease";
  readonly id: string;
  readonly ttl_ms: number;
  /** First send of the command that opened it. */
  readonly send_ns: number;
}

/** A renewal that the server acknowledged; others are not recorded. */
export interface LeaseTouchRecord {
  readonly kind: "lease-touch";
  readonly id: string;
  /** When the client sent it. */
  readonly send_ns: number;
  /** When the server let the acknowledgement go. */
  readonly ack_ns: number;
}

/** The end of a lease took effect, for the first time on any server. */
export interface LeaseEndRecord {
  readonly kind: "lease-end";
  readonly id: string;
  readonly at_ns: number;
  /** `closed`: by its own client, at any time. */
  readonly reason: "expired" | "revoked" | "closed";
}

/** The client held the lease for valid up to this instant, and no longer; of several the last counts. */
export interface BelievedUntilRecord {
  readonly kind: "believed-until";
  readonly id: string;
  readonly until_ns: number;
}

export type LeaseRecord = LeaseGrantRecord | LeaseTouchRecord | LeaseEndRecord | BelievedUntilRecord;

export interface LeaseBoundOptions {
  /**
   * How far the clock that stamped the records may run off the servers' clocks, as a share. 0 when the
   * records carry the oracle time of a simulation whose leases already allow for drift. Default 0.
   */
  readonly rho?: number;
}

/**
 * Leases: none ends, unless its client closed it, earlier than its TTL after the send of the last
 * renewal that was acknowledged; none is renewed or believed in after its end; none ends twice.
 */
export function leaseBound(records: readonly LeaseRecord[], options: LeaseBoundOptions = {}): CheckReport {
  const findings = new Findings();
  findings.checked(records.length);
  for (const [id, group] of groupBy(records, (record) => record.id)) {
    const grants = group.filter((record) => record.kind === "lease");
    const [grant] = grants;
    if (grant === undefined || grants.length > 1) {
      findings.add("granted-once", `lease ${id} was granted ${grants.length} times`, ...group.slice(0, 3));
      continue;
    }
    const ends = group.filter((record) => record.kind === "lease-end");
    const [end] = ends;
    if (end === undefined) continue;
    if (ends.length > 1) findings.add("ended-once", `lease ${id} ended ${ends.length} times`, ...ends);
    checkEnd(grant, end, group, options.rho ?? 0, findings);
  }
  return findings.report();
}

function checkEnd(
  grant: LeaseGrantRecord,
  end: LeaseEndRecord,
  group: readonly LeaseRecord[],
  rho: number,
  findings: Findings,
): void {
  let last: LeaseGrantRecord | LeaseTouchRecord = grant;
  for (const record of group) {
    if (record.kind === "lease-touch") {
      if (record.ack_ns > end.at_ns)
        findings.add("renewed-after-end", `lease ${end.id} was renewed after its end`, record, end);
      else if (record.send_ns > last.send_ns) last = record;
    }
    if (record.kind === "believed-until" && record.until_ns > end.at_ns) {
      findings.add("believed-late", `lease ${end.id} was believed in after its end`, record, end);
    }
  }
  const earliest = last.send_ns + grant.ttl_ms * 1e6 * (1 - rho);
  if (end.reason !== "closed" && end.at_ns < earliest) {
    findings.add("ended-early", `lease ${end.id} ended ${earliest - end.at_ns} ns too early`, last, end);
  }
}
