import type { ErrorCode } from "@flotilla/runtime";
import type { Acl, Identity } from "./acl.ts";
import type { BudgetExcess, SetBudgetOp } from "./budget.ts";

/** 16 random bytes as 32 lowercase hex characters, chosen by the client. A session's own lease has the same id. */
export type SessionId = string;
export type LeaseId = string;

/** What a node says of itself. Field meanings as in ZooKeeper; revisions stand for zxids. */
export interface Stat {
  /** Revision that created the node. */
  readonly czxid: number;
  /** Revision that last set its value. */
  readonly mzxid: number;
  /** Revision that last created or deleted a direct child. */
  readonly pzxid: number;
  /** Leader's wall time at creation, ms since the epoch. */
  readonly ctimeMs: number;
  /** Leader's wall time at the last set. */
  readonly mtimeMs: number;
  /** Number of sets since creation. */
  readonly version: number;
  /** Number of creations and deletions of direct children. */
  readonly cversion: number;
  /** Number of changes of the access list. */
  readonly aversion: number;
  /** The lease it ends with; null for a node of any other kind. */
  readonly ephemeralOwner: LeaseId | null;
  readonly dataLength: number;
  readonly numChildren: number;
  /** Deleted some time after its last child was. */
  readonly container: boolean;
  /** Deleted some time after it was neither set nor had children for this long, ms; null: never. */
  readonly ttlMs: number | null;
}

export interface Node {
  readonly value: Uint8Array;
  readonly stat: Stat;
}

/** All that are given must hold for the node at the path. */
export interface Conditions {
  /** Else `ERR_FLOTILLA_NOT_FOUND` / `ERR_FLOTILLA_EXISTS`. Only in `check`. */
  readonly exists?: boolean;
  /** Else `ERR_FLOTILLA_BAD_VERSION`. */
  readonly version?: number;
  /** The fence: else `ERR_FLOTILLA_FENCED`, also when the node is gone. */
  readonly mzxid?: number;
  /** The lease it ends with, null for none: else `ERR_FLOTILLA_CONDITION`. */
  readonly owner?: LeaseId | null;
  /** The number of its children: else `ERR_FLOTILLA_CONDITION`. */
  readonly children?: number;
  /** Its value, byte for byte: else `ERR_FLOTILLA_CONDITION`. */
  readonly value?: Uint8Array;
}

export interface CreateOp {
  readonly type: "create";
  readonly path: string;
  readonly value: Uint8Array;
  /** The lease it ends with, of the same session; null makes it persistent. */
  readonly lease: LeaseId | null;
  /** Appends the parent's creation counter, at least ten digits; then `path` may end with a slash. */
  readonly sequential: boolean;
  /** Another session's delete is refused with `ERR_FLOTILLA_HELD` unless forced. Only with a lease. */
  readonly guarded: boolean;
  /** Deleted by the leader once its last child is gone; not before it had one. Neither sequential nor with a lease. */
  readonly container?: boolean;
  /**
   * Deleted by the leader once it has no children and was not set for so long, by the leader's wall time. 1 to
   * 1,099,511,627,775 ms. Without a lease, and no container. Absent: never.
   */
  readonly ttlMs?: number;
  /** Who may do what with it. Absent: everybody everything. */
  readonly acl?: Acl;
}
/** `set` changes an existing node, `put` changes or creates (persistent). */
export interface SetOp {
  readonly type: "set" | "put";
  readonly path: string;
  readonly value: Uint8Array;
  readonly if: Conditions;
}
/**
 * Adds to the number that a node holds as decimal text, or creates a persistent node with it; the result has the sum.
 * Refused with `ERR_FLOTILLA_BAD_VALUE` when the node holds anything else, with `ERR_FLOTILLA_LIMIT` when the sum would
 * be no safe integer. Who may not read the node may not add to it.
 */
export interface AddOp {
  readonly type: "add";
  readonly path: string;
  /** A safe integer, of either sign. */
  readonly by: number;
  readonly if: Conditions;
}
export interface DeleteOp {
  readonly type: "delete";
  readonly path: string;
  readonly if: Conditions;
  /** Also deletes another session's guarded node. */
  readonly force: boolean;
  /**
   * Also everything below it, children before their parents; the conditions are the node's own. Refused with
   * `ERR_FLOTILLA_LIMIT` when the command would touch more than 10,000 nodes. Absent: only without children.
   */
  readonly recursive?: boolean;
}
export interface CheckOp {
  readonly type: "check";
  readonly path: string;
  readonly if: Conditions;
}
export type TreeOp = CreateOp | SetOp | AddOp | DeleteOp | CheckOp;

/**
 * Applied as a whole or not at all; each op sees the effects of those before it; one revision. At most 1,000 operations,
 * conditions and those of both branches counted.
 */
export interface MultiOp {
  readonly type: "multi";
  readonly ops: readonly TreeOp[];
  /** When one of them does not hold, `else` takes the place of `ops`; all look at the tree before either. */
  readonly if?: readonly CheckOp[];
  /** Only with `if`. Absent: nothing is done then. */
  readonly else?: readonly TreeOp[];
}
/** Which operations of a multi with `if` were done, or tried. */
export type Branch = "then" | "else";
/** Puts another access list in the place of a node's. No change that revisions count or watches tell. */
export interface SetAclOp {
  readonly type: "set-acl";
  readonly path: string;
  readonly acl: Acl;
  /** Of the list that it replaces: else `ERR_FLOTILLA_BAD_VERSION`. Absent: of any. */
  readonly aversion?: number;
}
/** A further lease of the session. Ends with the session at the latest. */
export interface GrantOp {
  readonly type: "grant";
  readonly lease: LeaseId;
  readonly ttlMs: number;
}
/** Ends a lease of the session and deletes its nodes in one revision. */
export interface RevokeOp {
  readonly type: "revoke";
  readonly lease: LeaseId;
}
/**
 * Dooms a lease of any session: it is renewed no more, and the leader ends it once its time is over. The session's own
 * takes the session with it. Nothing is deleted at once, so that whoever holds something by it learns of its end first.
 */
export interface DoomOp {
  readonly type: "doom";
  readonly lease: LeaseId;
}
/** Ends the session, its leases and all their nodes in one revision. */
export interface CloseOp {
  readonly type: "close";
}
export type Operation = TreeOp | MultiOp | SetAclOp | SetBudgetOp | GrantOp | RevokeOp | DoomOp | CloseOp;

/** Opens the session when `ttlMs` is given and it is absent, then moves it to this attach number. */
export interface AttachCommand {
  readonly type: "attach";
  readonly session: SessionId;
  /** 16 bytes; kept hashed. */
  readonly secret: Uint8Array;
  /** Must be above the session's current one. */
  readonly attach: number;
  readonly ttlMs: number | null;
}
export interface RequestCommand {
  readonly type: "request";
  readonly session: SessionId;
  readonly attach: number;
  /** Contiguous from 1 within the session. */
  readonly seq: number;
  /** The client holds every result up to here; the window forgets them. */
  readonly ack: number;
  readonly operation: Operation;
  /** Who the server that took it found its client to be. Absent: nobody in particular. */
  readonly identities?: readonly Identity[];
}
/** Ends a lease whose time is over. Proposed by the leader alone, never forwarded. */
export interface ExpireCommand {
  readonly type: "expire";
  readonly leases: readonly LeaseId[];
}
/**
 * Deletes containers that lost their last child, and childless nodes whose time to live is over: those of `paths` that
 * still are so, by the time of the command, and that nothing changed after revision `seen`. One revision. Proposed by
 * the leader alone, never forwarded.
 */
export interface ReapCommand {
  readonly type: "reap";
  readonly seen: number;
  readonly paths: readonly string[];
}
/**
 * Begins another history of the cluster, after one that lost its end: revisions go on at `revision`, or 2^20 above the
 * last one if that is higher, and every older watch token is a gap. Sessions and leases stay.
 */
export interface BeginHistoryCommand {
  readonly type: "begin-history";
  readonly revision: number;
}
/**
 * Begins the history of a cluster that is made of a backup: revisions go on at `revision`, or with the next one if that
 * is higher, all sessions end with their leases and nodes, and every older watch token is a gap. For `graceMs` of the
 * new leader's time, until it ends the grace period, no node is made that ends with a lease.
 */
export interface BeginRestoredCommand {
  readonly type: "begin-restored";
  readonly revision: number;
  /** 0: none. */
  readonly graceMs: number;
}
/** Ends the grace period after a restore. Proposed by the leader alone, never forwarded. */
export interface EndGraceCommand {
  readonly type: "end-grace";
}
/**
 * Agrees on a higher feature level: commands that came with it may be proposed from now on. Proposed by the leader
 * alone, once all members know that level, never forwarded.
 */
export interface SetFeatureLevelCommand {
  readonly type: "set-feature-level";
  readonly level: number;
}
export type KvCommand =
  | AttachCommand
  | RequestCommand
  | ExpireCommand
  | BeginHistoryCommand
  | ReapCommand
  | BeginRestoredCommand
  | EndGraceCommand
  | SetFeatureLevelCommand;

/** What became of one tree operation. */
export type OpResult =
  | {
      readonly ok: true;
      readonly path: string;
      readonly stat: Stat | null;
      /** Of an addition. */
      readonly sum?: number;
    }
  | { readonly ok: false; readonly code: ErrorCode };

/** What became of a request; travels to the client as encoded in the window. */
export type Result =
  | {
      readonly ok: true;
      readonly revision: number;
      readonly results: readonly OpResult[];
      /** Of a multi with `if`. */
      readonly branch?: Branch;
    }
  /**
   * Nothing was changed. In a multi, `failed` is the index of the op that failed with `code`: those before it would
   * have been done, those behind it were not tried.
   */
  | {
      readonly ok: false;
      readonly revision: number;
      readonly code: ErrorCode;
      readonly failed: number | null;
      /** Of a multi with `if` whose conditions were looked at. */
      readonly branch?: Branch;
      /** Of `ERR_FLOTILLA_QUOTA`. */
      readonly excess?: BudgetExcess;
    };

/** What applying one command did, for the server that hosts the session. */
export type Applied =
  /** The session is open and now on `attach`; `lastSeq` is the last request applied, results above the ack are kept. */
  | {
      readonly type: "attached";
      readonly session: SessionId;
      readonly attach: number;
      readonly lastSeq: number;
      readonly ttlMs: number;
    }
  | {
      readonly type: "attach-refused";
      readonly session: SessionId;
      readonly attach: number;
      readonly code: ErrorCode;
    }
  /**
   * The encoded `Result`, made anew each time it is read, to be sent and dropped; `repeat` when it was answered from
   * the window and changed nothing.
   */
  | {
      readonly type: "answered";
      readonly session: SessionId;
      readonly attach: number;
      readonly seq: number;
      readonly result: Uint8Array;
      readonly repeat: boolean;
    }
  /**
   * No effect and no result: the session is gone (`no-session`), moved on (`moved`), an earlier request is
   * missing (`gap`; send again from `nextSeq`), the result was acknowledged already (`forgotten`), or the window is full (`full`).
   */
  | {
      readonly type: "refused";
      readonly session: SessionId;
      readonly attach: number;
      readonly seq: number;
      readonly why: "no-session" | "moved" | "gap" | "forgotten" | "full";
      readonly nextSeq: number;
    }
  | { readonly type: "expired"; readonly leases: readonly LeaseId[] }
  /** Those that were deleted, sorted. */
  | { readonly type: "reaped"; readonly paths: readonly string[] }
  | { readonly type: "history-begun" }
  | { readonly type: "grace-ended" }
  /** The level agreed on from now on. */
  | { readonly type: "feature-level-set"; readonly level: number }
  /** An operator had it passed over, and it was no request whose turn could be used up. Nothing happened. */
  | { readonly type: "skipped" };

/** One change of one node. Several share a revision, in order of `ordinal` from 0. */
export interface TreeEvent {
  readonly revision: number;
  readonly ordinal: number;
  readonly type: "created" | "changed" | "deleted";
  readonly path: string;
  /** The node after the change; null when deleted. */
  readonly node: Node | null;
  /** The node before the change; null when created. Its children as they were before the command, if all went at once. */
  readonly previous: Node | null;
  /** The session whose request made it; null when none did: a lease that expired, a node that was reaped. */
  readonly by: SessionId | null;
  /** The leader's wall time, ms since the epoch. */
  readonly timeMs: number;
  /** The access list of the node, of a deleted one as it was; absent: everybody may do everything. */
  readonly acl?: Acl;
}

/**
 * - `data`: the node itself is created, changed, deleted.
 * - `children`: a direct child is created or deleted, or the node itself is.
 * - `recursive`: anything happens to the node or below it.
 */
export type WatchKind = "data" | "children" | "recursive";

/** Where a watch stands: everything up to and including this event was delivered. */
export interface WatchToken {
  readonly revision: number;
  readonly ordinal: number;
}

/** Nodes that the leader may delete by now. */
export interface ReapablePage {
  readonly paths: readonly string[];
  /** Pass as `after` to look on; null when this was the end. */
  readonly next: string | null;
}

/** What a node and everything below it take up. */
export interface Usage {
  readonly nodes: number;
  /** Of all values. */
  readonly bytes: number;
}

/** A page of child names, sorted by code units. */
export interface ChildrenPage {
  readonly names: readonly string[];
  /** Pass as `after` for the next page; null when this was the last. */
  readonly next: string | null;
}

export interface LeaseInfo {
  readonly id: LeaseId;
  readonly session: SessionId;
  readonly ttlMs: number;
  /** It is renewed no more. */
  readonly doomed: boolean;
}

/** To be gone through once. An `IterableIterator` says that it ends with nothing only from TypeScript 5.6 on. */
export type Sequence<T> = Iterator<T, undefined> & Iterable<T>;
