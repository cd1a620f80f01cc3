import type { MemberChange } from "./config/apply-changes.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Message } from "./message.ts";
import type { Index, LogId, NodeId, Term } from "./types.ts";

/** One heartbeat interval passed. The driver delivers ticks after a poll phase and at most two at once. */
export interface Tick {
  readonly type: "tick";
}
/** A deadline named by `nextDeadlineMs` passed. Harmless when nothing is due. */
export interface Wake {
  readonly type: "wake";
}
/** A message from an authenticated link. */
export interface Receive {
  readonly type: "receive";
  readonly from: NodeId;
  /** The sender's incarnation as proven at the handshake. */
  readonly incarnation: string;
  readonly message: Message;
}
/** Local proposals, in order; ids are the driver's own counter, contiguous from `firstId`. */
export interface Propose {
  readonly type: "propose";
  readonly firstId: number;
  readonly payloads: readonly Uint8Array[];
  /** Append only if this node leads in this term; never forward. */
  readonly ifTerm: Term | null;
  /** It may use the reserved share of the bounds. */
  readonly isReserved: boolean;
}
/** A local caller wants a linearizable read point. `leaderOnly`: refuse rather than ask another node. */
export interface Read {
  readonly type: "read";
  readonly id: number;
  readonly leaderOnly: boolean;
}
/** The append task is durable. */
export interface AppendDone {
  readonly type: "append-done";
  readonly seq: number;
}
/** The state machine has applied everything up to `index`. */
export interface ApplyDone {
  readonly type: "apply-done";
  readonly index: Index;
}
/** A local snapshot is durable: the log up to `compactTo` may go, which is at most `last.index`. */
export interface SnapshotSaved {
  readonly type: "snapshot-saved";
  readonly last: LogId;
  readonly compactTo: Index;
}
/**
 * A whole snapshot offered by a leader arrived intact and is durable; the state machine holds it, or already
 * held something newer. The log follows: the core answers with an append task that carries `reset`, unless
 * the log goes on beyond the snapshot. Recovery treats a snapshot that the log does not contain alike.
 */
export interface SnapshotInstalled {
  readonly type: "snapshot-installed";
  readonly last: LogId;
  /** `timeMs` of entry `last`. */
  readonly timeMs: number;
  readonly configuration: Configuration;
}
/** The transfer of a snapshot to `to` ended: `ok` once the receiver said it is installed; false starts over later. */
export interface SnapshotSent {
  readonly type: "snapshot-sent";
  readonly to: NodeId;
  readonly ok: boolean;
}
/** Links to `peer` came up; what was sent on earlier ones has arrived by now or never will. `known` is the incarnation it proved. */
export interface PeerUp {
  readonly type: "peer-up";
  readonly peer: NodeId;
  readonly incarnation: string;
}
/** The control link to `peer` ended. `byPeer`: from its side (its process closed or died), not by ours or by silence. */
export interface PeerDown {
  readonly type: "peer-down";
  readonly peer: NodeId;
  readonly byPeer: boolean;
}

/** Hand leadership to that voter, or to the one whose log is closest (null). */
export interface TransferLeadership {
  readonly type: "transfer";
  readonly to: NodeId | null;
}

/** A local caller wants other members. `id`: the driver's own counter; `ifVersion`: only of the configuration with that index. */
export interface ChangeMembers {
  readonly type: "change-members";
  readonly id: number;
  readonly changes: readonly MemberChange[];
  readonly ifVersion: Index | null;
}

/** Everything that enters the core. */
export type Event =
  | Tick
  | Wake
  | Receive
  | Propose
  | Read
  | AppendDone
  | ApplyDone
  | SnapshotSaved
  | SnapshotInstalled
  | SnapshotSent
  | PeerUp
  | PeerDown
  | TransferLeadership
  | ChangeMembers;

/** An event with the moment it was taken up: monotonic ms for deadlines, wall ms for entry stamps. */
export interface Stamped {
  readonly nowMs: number;
  readonly wallMs: number;
}
