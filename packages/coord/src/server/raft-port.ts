import type { LeaseId, SessionId } from "@flotilla/kv";
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
  lease(
    id: LeaseId,
  ): { readonly ttlMs: number; readonly session: SessionId; readonly doomed: boolean } | null;
  leases(): readonly { readonly id: LeaseId; readonly ttlMs: number }[];
}
