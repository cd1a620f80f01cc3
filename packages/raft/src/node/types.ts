import type { Host } from "@flotilla/runtime";
import type { Configuration, MemberRole } from "../core/config/configuration.ts";
import type { Limits } from "../core/options.ts";
import type { Index, NodeId, Role, Term } from "../core/types.ts";
import { linkProtocols } from "../transport/peer-identity.ts";
import type { RaftObserver } from "./observer.ts";
import type { TraceRecord } from "./trace.ts";
import type { StateMachine } from "./state-machine.ts";

/** The protocols a peer link speaks; whoever listens hands such channels to `RaftNode.accept`. */
export const peerProtocols: readonly string[] = [linkProtocols.control, linkProtocols.bulk];

/** A founding voter. */
export interface Founder {
  readonly id: NodeId;
  readonly address: string;
}

export interface RaftOptions {
  readonly host: Host;
  readonly id: NodeId;
  /** Name of the cluster, checked in every handshake. */
  readonly cluster: string;
  /** Shared secret of all members; without one, links are not authenticated. */
  readonly secret?: Uint8Array;
  /** All founding voters, this node among them. Used only when store and marker are both absent. */
  readonly bootstrap?: readonly Founder[];
  /**
   * This node joins an existing cluster: it makes its own data, asks nobody, and waits until a membership change
   * names it, with its incarnation. Used only when store and marker are both absent, and not with `bootstrap`.
   */
  readonly join?: true;
  readonly stateMachine: StateMachine;
  /** What this member's application knows, as a whole number that the others learn when they link. Default 1. */
  readonly level?: number;
  /** Default 100; 1 to 200,000. */
  readonly heartbeatMs?: number;
  /** Default 1,000; each wait is drawn from [1, 2) times it. At least 3 heartbeats, at most 600,000. */
  readonly electionTimeoutMs?: number;
  /** A snapshot at every multiple of this many entries. Default 100,000. */
  readonly snapshotEntries?: number;
  /** And after this many bytes of log since the last one. Default 64 MiB. */
  readonly snapshotBytes?: number;
  /** Largest part of a snapshot in one message, bytes. Default 256 KiB, at most 1 MiB. */
  readonly snapshotChunkBytes?: number;
  /** Entries kept behind the newest snapshot, at least, for slow peers. Default 10,000. */
  readonly trailingEntries?: number;
  /**
   * Log kept behind the newest snapshot, at most, bytes: for slow peers, and back to the older snapshot, should the
   * newest prove damaged. Default 256 MiB.
   */
  readonly trailingBytes?: number;
  /** Largest proposal, bytes. Default 2 MiB, at most 8 MiB. */
  readonly maxProposalBytes?: number;
  /** Bounds of everything that could grow; each one left out takes its default. */
  readonly limits?: Partial<Limits>;
  /** Messages that other members sent with `send`. */
  readonly onMessage?: (from: NodeId, payload: Uint8Array) => void;
  /** Called in the turn in which role, term, leader, configuration or a link changed; not for each commit. */
  readonly onStatus?: (status: RaftStatus) => void;
  /**
   * Called after each batch of applied entries and after a restore, in the same turn, before anything
   * that waits for it is told.
   */
  readonly onApplied?: (applied: Index) => void;
  /** Hears what the node does, in the turn it does it, for checkers. */
  readonly observer?: RaftObserver;
  /** Takes one record for each transition, in order, in the turn it happens; a throw stops the node. Costs nothing when left out. */
  readonly trace?: (record: TraceRecord) => unknown;
}

export interface PeerStatus {
  readonly id: NodeId;
  readonly address: string;
  readonly role: MemberRole;
  readonly connected: boolean;
  /** What its application knows, by its own word; null while it is not connected. */
  readonly level: number | null;
  /** Known on the leader only: highest index known durable there; null elsewhere. */
  readonly match: Index | null;
  /** Known on the leader only: entries that are not known durable there yet; null elsewhere. */
  readonly lag: number | null;
}

export interface RaftStatus {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | null;
  /** A leader that has committed an entry of its own term. */
  readonly established: boolean;
  readonly commit: Index;
  readonly applied: Index;
  readonly lastIndex: Index;
  readonly firstIndex: Index;
  /** Frames of the log in memory, bytes: what is not durable yet, and a cache of what is. */
  readonly logBytes: number;
  readonly snapshotIndex: Index;
  /** In force, committed or not; its index is its version. Joint while it names `outgoing` voters. */
  readonly configuration: Configuration;
  /** The configuration is committed. */
  readonly configurationCommitted: boolean;
  /** The first committed configuration known here that names this node, with the data it has; null: none. */
  readonly memberSince: Index | null;
  /** All other members, sorted by id. */
  readonly peers: readonly PeerStatus[];
  /** Calls on this node that have no outcome yet. */
  readonly waiting: { readonly proposals: number; readonly reads: number };
}

export interface ProposeOptions {
  /** Append only while this node leads in this term; never forwarded. */
  readonly ifTerm?: Term;
  /**
   * It frees something: bounds that are full for others admit an eighth more of such proposals (a leader, those of its
   * own callers). Default: false.
   */
  readonly isReserved?: boolean;
}

export interface ChangeOptions {
  /** Change only the configuration with this index. Default: whichever is in force. */
  readonly ifVersion?: Index;
}

/** Where a proposal landed and what the local state machine answered. */
export interface Proposed {
  readonly index: Index;
  readonly term: Term;
  readonly result: unknown;
}

export interface ReadOptions {
  /** Reject rather than ask another member: the answer proves that this node leads. Default false. */
  readonly leaderOnly?: boolean;
}

/** Why a node stopped: asked to, no member any more, or the error that stopped it. */
export type StopReason =
  | { readonly type: "closed" }
  | { readonly type: "removed" }
  | { readonly type: "failed"; readonly error: Error };
