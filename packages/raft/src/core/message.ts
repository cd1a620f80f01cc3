import type { Entry } from "./entry.ts";
import type { SnapshotHead } from "./snapshot-head.ts";
import type { Index, LogId, NodeId, Term } from "./types.ts";

/** Would you vote for me in `term`? Changes nothing at either side. Dissertation §9.6. */
export interface PreVote {
  readonly type: "pre-vote";
  /** The term the sender would campaign in. */
  readonly term: Term;
  readonly last: LogId;
  /** The leader whose closed link made the sender ask; receivers that saw the same close waive stickiness. Null otherwise. */
  readonly closedLeader: NodeId | null;
}
export interface PreVoteReply {
  readonly type: "pre-vote-reply";
  /** Granted: the term asked for. Refused: the sender's own term, which the asker adopts when higher. */
  readonly term: Term;
  readonly granted: boolean;
}
export interface Vote {
  readonly type: "vote";
  readonly term: Term;
  readonly last: LogId;
  /** The leader asked the sender to take over: receivers need not stand by that leader. Dissertation §4.2.3. */
  readonly transfer: boolean;
}
export interface VoteReply {
  readonly type: "vote-reply";
  readonly term: Term;
  readonly granted: boolean;
}
export interface Append {
  readonly type: "append";
  readonly term: Term;
  readonly prev: LogId;
  readonly commit: Index;
  /** Contiguous from `prev.index + 1`; may be empty. */
  readonly entries: readonly Entry[];
}
export interface AppendReply {
  readonly type: "append-reply";
  readonly term: Term;
  /** Index of the request's `prev`, to tell late answers from current ones. */
  readonly prevIndex: Index;
  /** Accepted: everything up to `match` equals the leader's log and is durable. Null when refused. */
  readonly match: Index | null;
  /** Refused: the largest entry at or below `prev` that the sender could share with a leader. Else null. */
  readonly hint: LogId | null;
}
export interface Heartbeat {
  readonly type: "heartbeat";
  readonly term: Term;
  /** Never above what the receiver has acknowledged. */
  readonly commit: Index;
  /** The leader's own counter; grows by one a broadcast. Confirms reads. 0: no answer is asked for. */
  readonly round: number;
}
export interface HeartbeatReply {
  readonly type: "heartbeat-reply";
  readonly term: Term;
  readonly round: number;
  /** From receipt on, for so many ms of its own clock, the sender helps nobody else to lead; 0: no lease reads there. */
  readonly pledgeMs: number;
}
/** True for what travels all the time and mostly calls for nothing more than to be noted. */
export function isHeartbeat({ type }: { readonly type: string }): boolean {
  return type === "heartbeat" || type === "heartbeat-reply";
}

/** The receiver needs this snapshot: it may ask any member for its bytes. Sent again until the transfer is over. */
export interface SnapshotOffer extends SnapshotHead {
  readonly type: "snapshot-offer";
  readonly term: Term;
}
/** How far the receiver of an offer is with the snapshot that it is receiving, which may be another one. */
export interface SnapshotReply {
  readonly type: "snapshot-reply";
  readonly term: Term;
  readonly last: LogId;
  /** Bytes here, in order. */
  readonly received: number;
  /** The receiver holds all of it, installed and durable, or something newer. */
  readonly done: boolean;
}
/** A follower asks for a linearizable read point. */
export interface ReadRequest {
  readonly type: "read-request";
  readonly term: Term;
  /** The asker's own counter. */
  readonly id: number;
}
export interface ReadReply {
  readonly type: "read-reply";
  readonly term: Term;
  readonly id: number;
  /** Apply up to here, then read. Null: refused, ask again. */
  readonly index: Index | null;
}
/** A follower hands proposals to the leader, in order. */
export interface Forward {
  readonly type: "forward";
  readonly term: Term;
  /** The sender's own counter for the first payload; the rest follow by one. */
  readonly firstId: number;
  readonly payloads: readonly Uint8Array[];
}
/** Where forwarded proposals went: payload `firstId + k` is entry `firstIndex + k` of `term`; null: dropped. */
export interface ForwardReply {
  readonly type: "forward-reply";
  readonly term: Term;
  readonly firstId: number;
  readonly count: number;
  readonly firstIndex: Index | null;
}

/** The leader asks its follower to campaign at once. Counts only while both still hold exactly this log. */
export interface TimeoutNow {
  readonly type: "timeout-now";
  readonly term: Term;
  /** The end of the leader's log, all of it committed. */
  readonly last: LogId;
}

/** Everything that cores say to each other. The sender is known from the link, never from the message. */
export type Message =
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | SnapshotOffer
  | SnapshotReply
  | ReadRequest
  | ReadReply
  | Forward
  | ForwardReply
  | TimeoutNow;
