import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** A write behind a fence that was acknowledged. */
export interface FencedRecord {
  readonly kind: "fenced";
  readonly process: string;
  /** The lock or election whose fence it was. */
  readonly object: string;
  /** Of the grant whose fence it carried. */
  readonly epoch: number;
  /** When it took effect. */
  readonly revision: number;
  readonly at_ns: number;
}

/** A grant, also of one that never wrote. */
export interface GrantRecord {
  readonly object: string;
  /** The revision of the grant. */
  readonly epoch: number;
  /** False when its signal had fired by the time it was handed out. Absent: nobody looked. */
  readonly believed?: boolean;
}

/**
 * A resource behind a fence is never written for a holder that was succeeded: no grant lies between the epoch of a
 * write and the revision at which it took effect. For objects that one may hold at a time.
 */
export function fencedOrder(writes: readonly FencedRecord[], grants: readonly GrantRecord[]): CheckReport {
  const findings = new Findings();
  findings.checked(writes.length);
  const epochs = new Map(
    groupBy(grants, ({ object }) => object).map(([object, own]) => [
      object,
      own.map(({ epoch }) => epoch).toSorted((a, b) => a - b),
    ]),
  );
  for (const write of writes) {
    const { object, epoch, revision, process } = write;
    if (revision <= epoch)
      findings.add(
        "before-grant",
        `${object}: ${process} wrote at ${revision}, before its epoch ${epoch}`,
        write,
      );
    const later = epochs.get(object)?.find((other) => other > epoch);
    if (later !== undefined && later <= revision)
      findings.add(
        "stale-holder",
        `${object}: ${process} wrote at ${revision} with epoch ${epoch}, after ${later} was granted`,
        write,
      );
  }
  return findings.report();
}
