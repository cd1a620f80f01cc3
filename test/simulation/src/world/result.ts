import type { CoverageReport } from "../coverage/coverage.ts";
import type { Plan } from "../plan/plan.ts";
import type { Violation } from "./findings.ts";

/** What became of one world. */
export interface WorldResult {
  readonly seed: number;
  readonly plan: Plan;
  readonly traceHash: string;
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly events: number;
  /** Operations that were answered. */
  readonly ops: number;
  readonly leaderChanges: number;
  /** Reads answered from a lease. */
  readonly leaseReads: number;
  readonly elections: number;
  readonly restarts: number;
  readonly snapshots: number;
  readonly snapshotInstalls: number;
  readonly expiries: number;
  readonly refusals: number;
  readonly watchEvents: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly probes: Readonly<Record<string, number>>;
  /** How often each moment that faults can wait for came. */
  readonly moments: Readonly<Record<string, number>>;
  readonly coverage: CoverageReport;
  /** JSON lines, made when called. */
  readonly history: () => string;
  /** The last events of every machine, for people; empty when nothing is wrong. */
  readonly report: string;
}
