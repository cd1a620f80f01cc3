import type { Applied, LeaseId, TreeEvent } from "@flotilla/kv";

/** Watches a node from outside, for checkers. Called in the turn it happens; must not throw or call back. */
export interface Observer {
  /** A command was applied here. */
  applied?(index: number, applied: Applied, events: readonly TreeEvent[]): void;
  /** This leader moved a lease's deadline, to `deadlineMs` on its monotonic clock, not counting stalls to come. */
  deadlineMoved?(lease: LeaseId, deadlineMs: number): void;
  /** This leader vouched for these leases. */
  renewalsConfirmed?(leases: readonly LeaseId[]): void;
  /** This leader proposed the end of these leases. */
  expiryProposed?(leases: readonly LeaseId[], term: number): void;
}
