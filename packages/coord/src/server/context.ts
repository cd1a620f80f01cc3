import type { Applied, Machine, SessionId, WatchTable, WatchToken } from "@flotilla/kv";
import type { NodeId } from "@flotilla/raft";
import type { Clock, Logger } from "@flotilla/runtime";
import type { NodeStatus } from "../client/status-api.ts";
import type { BudgetLog } from "./budget-log.ts";
import type { RaftPort } from "./raft-port.ts";
import type { ReadGate } from "./read-gate.ts";
import type { Renewals } from "./renewals.ts";
import type { Stint } from "./stint.ts";
import type { LocalWatch } from "./watch-feed.ts";

/** What of applied commands concerns sessions. */
export type SessionApplied = Exclude<
  Applied,
  { type: "history-begun" | "grace-ended" | "feature-level-set" | "skipped" | "reaped" }
>;

/** A session attached, or about to be, to this server. Every method is called in the turn of the apply. */
export interface LocalSession {
  readonly id: SessionId;
  readonly attach: number;
  /**
   * What applying one command meant for this session.
   * @param secret what an attach gave: several channels may try the same number
   */
  applied(applied: SessionApplied, secret: Uint8Array | null): void;
  /** The state was replaced by a snapshot; live watches had been told everything up to `told`. */
  restored(told: WatchToken): void;
  /** Many changes were applied: watches that want to know are told where they stand. */
  bookmark(): void;
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
  readonly budgetLog: BudgetLog;
  readonly stint: Stint;
  readonly status: () => NodeStatus;
  /** Who may do everything, as `digestId` gives it. */
  readonly superDigest?: string;
}
