import type { LeaseChanges, LeaseInfo, LeaseId } from "@flotilla/kv";
import type { Index, NodeId, Proposed, ProposeOptions, RaftStatus, ReadOptions } from "@flotilla/raft";

/** The part of `RaftNode` that sessions and leases need. What goes wrong with a promise rejects it. */
export interface RaftPort {
  propose(payload: Uint8Array, options?: ProposeOptions): Promise<Proposed>;
  read(options?: ReadOptions): Promise<Index>;
  send(to: NodeId, payload: Uint8Array): void;
  status(): RaftStatus;
  /** Stops the member. */
  fail(error: Error): void;
}

/** Leases as the state machine knows them. */
export interface LeaseTable {
  /** The feature level that the cluster has agreed on. */
  readonly featureLevel: number;
  /** Which of them changed of late. */
  readonly leaseChanges: Pick<LeaseChanges, "count" | "since">;
  lease(id: LeaseId): LeaseInfo | null;
  leases(): readonly LeaseInfo[];
  /** Nodes that end with a lease: of a session's own, with all of its leases. */
  owned(id: LeaseId): number;
}
