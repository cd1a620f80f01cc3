import type { FlotillaError } from "@flotilla/runtime";
import type { Configuration } from "./config/configuration.ts";
import type { Entry } from "./entry.ts";
import type { Message } from "./message.ts";
import type { RefusalReason } from "./refusals.ts";
import type { SnapshotHead } from "./snapshot-head.ts";
import type { HardState, Index, LogId, NodeId, Role, Term } from "./types.ts";

/** One atomic, synced write. At most one is outstanding; answered by `append-done` with the same `seq`. */
export interface AppendTask {
  readonly seq: number;
  /** First of all, drop the whole log and go on after this entry: a snapshot took its place. Null: keep it. */
  readonly reset: LogId | null;
  /** Drop every entry at or above this index first. Null: nothing to drop. */
  readonly truncateFrom: Index | null;
  /** Contiguous; may be empty. */
  readonly entries: readonly Entry[];
  /** Null: unchanged since the last task. */
  readonly hardState: HardState | null;
  /** Lazily persisted; recovery may lag it, never lead. */
  readonly commit: Index;
}

/** Committed and locally durable entries, contiguous, in order; answered by `apply-done`, as a whole or in parts. */
export interface ApplyTask {
  readonly entries: readonly Entry[];
}

/** A local read may be served once applied ≥ `index`; null: refused (no leader, or leadership lost), ask again. */
export interface ReadPoint {
  readonly id: number;
  readonly index: Index | null;
}

/**
 * Where local proposals went: id `firstId + k` is entry `firstIndex + k` in `term`. One is decided when an
 * entry at its index is applied (it succeeded when the terms agree, else it is certainly lost) or when any
 * entry of a later term is applied before it (certainly lost). A snapshot installed beyond it leaves it unknown.
 */
export interface Placed {
  readonly firstId: number;
  readonly count: number;
  readonly firstIndex: Index;
  readonly term: Term;
}

/**
 * Local proposals that will certainly never be applied (`certain`), or whose fate is unknown: they were placed
 * by this node before it stopped leading, or handed to a leader that was lost sight of before it answered.
 */
export interface Dropped {
  readonly firstId: number;
  readonly count: number;
  readonly certain: boolean;
}

/** A peer that said what no honest member can say. Nothing of it was taken up, nor is anything until its next `peer-up`. */
export interface Refused {
  readonly from: NodeId;
  readonly reason: RefusalReason;
}

/** Why a hand-over did not happen: nothing was begun, or the target did not take over within an election timeout. */
export type TransferEnd = "refused" | "aborted";

/** A snapshot that reaches beyond what is committed here, and the leader that vouches for it. */
export interface SnapshotOffered {
  readonly from: NodeId;
  readonly head: SnapshotHead;
}

/**
 * What became of a call for other members: the entry that sets them, or why nothing was changed. `index` is that of
 * the configuration in force when everything asked for is so already.
 */
export interface Changed {
  readonly id: number;
  readonly index: Index;
  readonly term: Term;
  readonly refusal: FlotillaError | null;
}

/** What the node believes, for whoever asks. */
export interface SoftState {
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | null;
  /** A leader that has committed an entry of its own term. Proposals and reads are served from here on. */
  readonly established: boolean;
}

/** Everything that leaves the core after a turn of events. */
export interface Ready {
  /** Released now: what each promises is durable. In order per receiver. */
  readonly messages: readonly { readonly to: NodeId; readonly message: Message }[];
  readonly append: AppendTask | null;
  readonly apply: ApplyTask | null;
  readonly reads: readonly ReadPoint[];
  readonly placed: readonly Placed[];
  readonly dropped: readonly Dropped[];
  /** Offer the newest local snapshot to these peers until they have it; answered by `snapshot-sent`. */
  readonly sendSnapshot: readonly NodeId[];
  /** Snapshots that the leader offers; once one is whole and durable, answer `snapshot-installed`. */
  readonly receiveSnapshot: readonly SnapshotOffered[];
  /** Logical compaction: entries at or below may be removed lazily. Null: unchanged. */
  readonly compactTo: LogId | null;
  /** A hand-over that came to nothing; null: none. One that succeeds shows in `soft`. */
  readonly transferEnded: TransferEnd | null;
  /** Peers whose links must be closed. */
  readonly refused: readonly Refused[];
  /** How many reads, local ones and peers', were answered on the strength of a lease. */
  readonly leaseReads: number;
  /** The configuration in force when it changed. */
  readonly configuration: Configuration | null;
  /** The newest committed configuration when it changed. */
  readonly settled: Configuration | null;
  readonly changed: readonly Changed[];
  /** This node has applied a configuration that leaves it out: it is no member any more. */
  readonly removed: boolean;
  /** Present when anything in it changed. */
  readonly soft: SoftState | null;
}
