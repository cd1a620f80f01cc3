import type { Applied, LeaseId, Machine, SessionId, WatchTable, WatchToken } from "@flotilla/kv";
import type { Index, NodeId, Proposed, ProposeOptions, RaftStatus, ReadOptions } from "@flotilla/raft";
import type { Clock, Logger } from "@flotilla/runtime";
import type { NodeStatus } from "../client/api.ts";
import type { ReadGate } from "./read-gate.ts";
import type { Renewals } from "./renewals.ts";
import type { LocalWatch } from "./watch-feed.ts";

/** The part of `RaftNode` that sessions and leases need. */
export interface RaftPort {
  propose(payload: Uint8Array, options?: ProposeOptions): Promise<Proposed>;
  read(options?: ReadOptions): Promise<Index>;
  send(to: NodeId, payload: Uint8Array): void;
  status(): RaftStatus;
}

/** A session attached, or about to be, to this server. Every method is called in the turn of the apply. */
export interface LocalSession {
  readonly id: SessionId;
  readonly attach: number;
  /** What applying one command meant for this session. */
  applied(applied: Applied): void;
  /** The state was replaced by a snapshot; live watches had been told everything up to `told`. */
  restored(told: WatchToken): void;
  /** Somebody leads again, or nobody does. */
  leaderChanged(): void;
  /** Ends the channel. */
  close(reason: string): void;
}

/** The sessions at this server. */
export interface SessionRegistry {
  readonly watches: WatchTable<LocalWatch>;
  add(session: LocalSession): void;
  remove(session: LocalSession): void;
}

/** What every session at one server shares. */
export interface ServerContext {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly probe: (name: string) => void;
  readonly raft: RaftPort;
  readonly machine: Machine;
  readonly sessions: SessionRegistry;
  readonly reads: ReadGate;
  readonly renewals: Renewals;
  readonly status: () => NodeStatus;
}

/** Leases as the state machine knows them. */
export interface LeaseTable {
  lease(id: LeaseId): { readonly ttlMs: number; readonly session: SessionId } | null;
  leases(): readonly { readonly id: LeaseId; readonly ttlMs: number }[];
}
