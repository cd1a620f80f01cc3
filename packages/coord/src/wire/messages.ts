import type { ErrorCode } from "@flotilla/runtime";
import type {
  Acl,
  BudgetExcess,
  BudgetInfo,
  LeaseEntry,
  LeaseId,
  Node,
  NodeChangesPage,
  Operation,
  SessionId,
  SessionInfo,
  Stat,
  TreeEvent,
  Usage,
  WatchKind,
  WatchToken,
} from "@flotilla/kv";
import type { SnapshotReason } from "../client/api.ts";
import type { NodeStatus } from "../client/status-api.ts";

/** The protocol clients dial. */
export const clientProtocol = "flotilla-client-1";

/** A token that names the history it counts in. */
export interface ResumeToken extends WatchToken {
  readonly historyId: string;
}

/** A place in no history: there is nothing to resume, and the watch begins with a snapshot. */
export const outsideHistory: ResumeToken = { historyId: "none", revision: 0, ordinal: 0 };

/** What a watch wants to hear of what it sees, and how. */
export interface WatchWants {
  readonly types: readonly TreeEvent["type"][];
  /** A `NamePattern` for what is below the watched node; null: any name. */
  readonly names: string | null;
  /** Else every value is empty. */
  readonly values: boolean;
  /** With the node as it was before each change. */
  readonly previous: boolean;
  /** How often to be told where it stands, besides after many changes; null: only then. */
  readonly bookmarkMs: number | null;
}

/** A watch as a client describes it. */
export interface WatchSpec {
  /** The client's own number, unique within the session. */
  readonly id: number;
  readonly path: string;
  readonly kind: WatchKind;
  /** Null: from the moment it is armed. */
  readonly from: ResumeToken | null;
  /** Null: everything, with values, and no bookmarks. */
  readonly wants: WatchWants | null;
}

/** A name and a password. */
export interface Credential {
  readonly user: string;
  readonly password: string;
}

/** First message on a channel. Nothing is answered before the attach is applied and the watches are armed. */
export interface AttachMessage {
  readonly type: "attach";
  readonly session: SessionId;
  readonly secret: Uint8Array;
  readonly attach: number;
  /** Given while the session was never confirmed: open it. */
  readonly ttlMs: number | null;
  readonly watches: readonly WatchSpec[];
  /** Who the client says it is, and how it proves that. */
  readonly auth: readonly Credential[];
}
/** A write. Sent in seq order, and like everything but `ping` and a read of `status` only after `attached`. */
export interface RequestMessage {
  readonly type: "request";
  readonly seq: number;
  readonly ack: number;
  readonly operation: Operation;
}
/** What can be read as it was, too. */
export type NodeQuery =
  | { readonly type: "get"; readonly path: string }
  | { readonly type: "exists"; readonly path: string }
  | {
      readonly type: "children";
      readonly path: string;
      readonly after: string | null;
      readonly limit: number;
    };
/** As it was after a revision. */
export interface PastQuery {
  readonly type: "past";
  readonly revision: number;
  readonly query: NodeQuery;
}
/** Who changed the node at a path, before a point or (null) of late. */
export interface ChangesQuery {
  readonly type: "changes";
  readonly path: string;
  readonly before: WatchToken | null;
  readonly limit: number;
}
export type Query =
  | NodeQuery
  | PastQuery
  | ChangesQuery
  | { readonly type: "usage"; readonly path: string }
  /** A page of children with their nodes. */
  | {
      readonly type: "child-nodes";
      readonly path: string;
      readonly after: string | null;
      readonly limit: number;
    }
  | { readonly type: "sessions"; readonly after: SessionId | null; readonly limit: number }
  | { readonly type: "leases"; readonly after: LeaseId | null; readonly limit: number }
  | { readonly type: "acl"; readonly path: string }
  | { readonly type: "budget"; readonly path: string }
  /** Those at and below a path. */
  | {
      readonly type: "budgets";
      readonly path: string;
      readonly after: string | null;
      readonly limit: number;
    }
  | { readonly type: "sync" }
  | { readonly type: "status" };
/** A read. Answered once write `after` is applied at the server. */
export interface ReadMessage {
  readonly type: "read";
  readonly id: number;
  /** Last write issued before; 0 for none. */
  readonly after: number;
  readonly linearizable: boolean;
  readonly query: Query;
}
/** Armed once write `after` is applied at the server, as of that moment or later. */
export interface WatchMessage {
  readonly type: "watch";
  readonly after: number;
  readonly watch: WatchSpec;
}
/**
 * Right before the watch of an id that the server does not know: it stood before, elsewhere or until its consumer was
 * behind, and goes on whatever the budgets say.
 */
export interface UnwatchMessage {
  readonly type: "unwatch";
  readonly id: number;
}
/** Acknowledged by number once the leader confirmed that it still leads. */
export interface RenewMessage {
  readonly type: "renew";
  readonly number: number;
  readonly leases: readonly LeaseId[];
}
/** Answered at once by the server at hand. */
export interface PingMessage {
  readonly type: "ping";
  readonly number: number;
}
export type ClientMessage =
  | AttachMessage
  | RequestMessage
  | ReadMessage
  | WatchMessage
  | UnwatchMessage
  | RenewMessage
  | PingMessage;

export interface AttachedMessage {
  readonly type: "attached";
  readonly attach: number;
  /** Last request applied: the client sends again what is above it and unanswered; older results follow as `result`. */
  readonly lastSeq: number;
  readonly ttlMs: number;
  readonly node: string;
  readonly historyId: string;
  readonly revision: number;
  /** `host:port` of all members. */
  readonly endpoints: readonly string[];
}
/** The attach or the session ended; the channel closes after it. */
export interface EndedMessage {
  readonly type: "ended";
  /** `ERR_FLOTILLA_SESSION_EXPIRED` is final; others say why this server cannot serve it now. */
  readonly code: ErrorCode;
  readonly message: string;
}
export interface ResultMessage {
  readonly type: "result";
  readonly seq: number;
  /** `kv` `Result`, as encoded in the window. */
  readonly result: Uint8Array;
}
/** Requests from this seq on were dropped: send them again. */
export interface ResendMessage {
  readonly type: "resend";
  readonly from: number;
}
/** A child and its node: null for who may not read it. */
export interface ChildNode {
  readonly name: string;
  readonly node: Node | null;
}
export type Answer =
  | { readonly type: "node"; readonly node: Node | null }
  | { readonly type: "stat"; readonly stat: Stat | null }
  | { readonly type: "children"; readonly names: readonly string[] | null; readonly next: string | null }
  | {
      readonly type: "child-nodes";
      readonly children: readonly ChildNode[] | null;
      readonly next: string | null;
    }
  | { readonly type: "usage"; readonly usage: Usage | null }
  | {
      readonly type: "sessions";
      readonly sessions: readonly SessionInfo[];
      readonly next: SessionId | null;
    }
  | { readonly type: "leases"; readonly leases: readonly LeaseEntry[]; readonly next: LeaseId | null }
  | ({ readonly type: "changes" } & NodeChangesPage)
  /** The revision asked for cannot be read any more; the earliest that can is `floor`. */
  | { readonly type: "compacted"; readonly floor: number }
  /** Both null when there is no node. */
  | { readonly type: "acl"; readonly acl: Acl | null; readonly stat: Stat | null }
  | { readonly type: "budget"; readonly budget: BudgetInfo | null }
  | { readonly type: "budgets"; readonly budgets: readonly BudgetInfo[]; readonly next: string | null }
  | { readonly type: "done" }
  | { readonly type: "status"; readonly status: NodeStatus }
  | { readonly type: "error"; readonly code: ErrorCode; readonly message: string };
export interface ReadResultMessage {
  readonly type: "read-result";
  readonly id: number;
  readonly revision: number;
  readonly answer: Answer;
}
/**
 * The watch stands; everything after `token` will be told. The token echoes `from`; for a watch without one it is
 * the moment of arming. Sent once for each watch of an attach and for each `watch`, before its first event. When
 * history no longer reaches back to `from`, or is another one, a snapshot follows.
 */
export interface ArmedMessage {
  readonly type: "armed";
  readonly id: number;
  readonly token: ResumeToken;
}
/** An event as a watch is told of it. */
export type ToldEvent = Pick<TreeEvent, "revision" | "ordinal" | "type" | "path" | "node" | "previous">;
export interface EventsMessage {
  readonly type: "events";
  /** The watches that are told: those of a session that are told the same are told once. */
  readonly ids: readonly number[];
  /** They want `previous`; else it means nothing. */
  readonly previous: boolean;
  readonly events: readonly ToldEvent[];
}
/**
 * What went missing cannot be told one by one: everything in scope at `revision`, in pages sent without
 * anything in between for this watch. The stream goes on after `revision`.
 */
export interface SnapshotMessage {
  readonly type: "snapshot";
  readonly id: number;
  readonly revision: number;
  readonly historyId: string;
  readonly reason: SnapshotReason;
  readonly nodes: readonly { readonly path: string; readonly node: Node }[];
  readonly last: boolean;
}
/** Everything the watch wants up to here was told. */
export interface BookmarkMessage {
  readonly type: "bookmark";
  readonly id: number;
  readonly token: ResumeToken;
}
/** A budget leaves no room for the watch at this server: it does not stand. Never told of a watch of an attach. */
export interface WatchRefusedMessage {
  readonly type: "watch-refused";
  readonly id: number;
  readonly excess: BudgetExcess;
}
export interface RenewedMessage {
  readonly type: "renewed";
  readonly number: number;
  /** Of the leases in that renewal, those that nobody vouches for. */
  readonly refused: readonly LeaseId[];
}
export interface PongMessage {
  readonly type: "pong";
  readonly number: number;
}
export type ServerMessage =
  | AttachedMessage
  | EndedMessage
  | ResultMessage
  | ResendMessage
  | ReadResultMessage
  | ArmedMessage
  | EventsMessage
  | SnapshotMessage
  | BookmarkMessage
  | WatchRefusedMessage
  | RenewedMessage
  | PongMessage;
