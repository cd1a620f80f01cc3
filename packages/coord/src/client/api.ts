import type { NodeStatus } from "./status-api.ts";
import type { Clock, Publish } from "@flotilla/runtime";
import type {
  Acl,
  Branch,
  Budget,
  BudgetInfo,
  BudgetsPage,
  ChildrenPage,
  LeaseId,
  LeasesPage,
  Node,
  NodeChangesPage,
  SessionId,
  SessionsPage,
  Stat,
  Usage,
  WatchKind,
} from "@flotilla/kv";
import type {
  BudgetsOptions,
  CallOptions,
  ChildNodesOptions,
  ChildNodesPage,
  ChildrenOptions,
  HistoryOptions,
  LeasesOptions,
  PastOptions,
  ReadOptions,
  SessionsOptions,
} from "./read-api.ts";
import type { WatchFilter, WatchPosition } from "./watch-api.ts";

/**
 * - `connecting`: no server has accepted the session yet.
 * - `connected`: attached to a server, and a renewal was confirmed less than half a TTL ago.
 * - `suspended`: no renewal was confirmed for half a TTL. What is held is still held until its signal fires.
 * - `lost`: the session ended without being closed; its ephemerals are gone. Final.
 * - `closed`: `close` was called. Final.
 */
export type SessionState = "connecting" | "connected" | "suspended" | "lost" | "closed";

/** Text stands for its UTF-8 bytes. */
export type Value = Uint8Array | string;

/** The plain condition "that node still stands as granted", from `Held.fence`. Else `ERR_FLOTILLA_FENCED`. */
export interface Fence {
  readonly path: string;
  readonly mzxid: number;
}

export interface WriteOptions extends CallOptions {
  /** Write only while this grant stands, judged by the tree itself. */
  readonly fence?: Fence;
}
export interface CreateOptions extends WriteOptions {
  /** Ends with the session. Default false. */
  readonly ephemeral?: boolean;
  /** Append the parent's counter, ten digits. Default false. */
  readonly sequential?: boolean;
  /** Ends with this lease of the session, which must not have lapsed. Not with `ephemeral`. */
  readonly lease?: Lease;
  /** Other sessions cannot delete it. Needs `ephemeral` or `lease`. Default false. */
  readonly guarded?: boolean;
  /** Deleted within a few seconds after its last child is; not before it had one. On its own. Default false. */
  readonly container?: boolean;
  /** Deleted within a few seconds once it has no children and was not set for so long, ms. Not with `ephemeral`. */
  readonly ttlMs?: number;
  /** Who may do what with it. Default: everybody everything. */
  readonly acl?: Acl;
}
/** What must hold for the node as it is, besides its version: else `ERR_FLOTILLA_CONDITION`. */
export interface NodeConditions {
  /** The lease it ends with, null for none. */
  readonly owner?: LeaseId | null;
  /** How many children it has. */
  readonly children?: number;
  /** Its value, byte for byte. */
  readonly value?: Value;
}
export interface SetAclOptions extends CallOptions {
  /** Of the list that it replaces: `stat.aversion`. Default: of any. */
  readonly aversion?: number;
}
export interface SetOptions extends WriteOptions {
  /** Else `ERR_FLOTILLA_BAD_VERSION`. */
  readonly version?: number;
  readonly if?: NodeConditions;
}
export interface DeleteOptions extends SetOptions {
  /** Also another session's guarded node. Default false. */
  readonly force?: boolean;
  /**
   * Also everything below it, in one revision; the conditions are the node's own. More than 10,000 nodes are refused
   * with `ERR_FLOTILLA_LIMIT`: see `deletePaged`. Default false.
   */
  readonly recursive?: boolean;
}

/** One operation of a multi. */
export type MultiItem =
  | {
      readonly type: "create";
      readonly path: string;
      readonly value?: Value;
      readonly ephemeral?: boolean;
      readonly lease?: Lease;
      readonly sequential?: boolean;
      readonly guarded?: boolean;
      readonly container?: boolean;
      readonly ttlMs?: number;
      readonly acl?: Acl;
    }
  | {
      readonly type: "set" | "put";
      readonly path: string;
      readonly value: Value;
      readonly version?: number;
      readonly mzxid?: number;
      readonly if?: NodeConditions;
    }
  | {
      readonly type: "add";
      readonly path: string;
      readonly by: number;
      readonly version?: number;
      readonly mzxid?: number;
      readonly if?: NodeConditions;
    }
  | {
      readonly type: "delete";
      readonly path: string;
      readonly version?: number;
      readonly mzxid?: number;
      readonly force?: boolean;
      readonly recursive?: boolean;
      readonly if?: NodeConditions;
    }
  | CheckItem;

/** What must hold for a node; nothing is changed. */
export interface CheckItem {
  readonly type: "check";
  readonly path: string;
  readonly exists?: boolean;
  readonly version?: number;
  readonly mzxid?: number;
  readonly if?: NodeConditions;
}

export interface MultiOptions extends CallOptions {
  /** When one of them does not hold, `else` takes the place of the items. All look at the tree before either. */
  readonly if?: readonly CheckItem[];
  /** Only with `if`. Default: nothing is done then. */
  readonly else?: readonly MultiItem[];
}

/** What one created or changed node became. */
export interface Written {
  readonly path: string;
  readonly stat: Stat;
  readonly revision: number;
}
/** What a number became. */
export interface Added extends Written {
  readonly sum: number;
}
export interface MultiResult {
  readonly revision: number;
  /** Which items were done; `then` without `if`. */
  readonly branch: Branch;
  /** One per item; `stat` null for deletes and checks, `sum` of additions. */
  readonly results: readonly { readonly path: string; readonly stat: Stat | null; readonly sum?: number }[];
}

export interface WatchOptions {
  /** Default `data`. */
  readonly kind?: WatchKind;
  /** Resume after this token, or after this revision of the history at hand; absent: from the moment it is armed. */
  readonly from?: WatchPosition | number;
  readonly filter?: WatchFilter;
  /** Default true; false: every node comes with its stat and an empty value. */
  readonly values?: boolean;
  /** With each change the node as it was before. Default false. */
  readonly previous?: boolean;
  /** Ends after the first event; a bookmark is none. Default false. */
  readonly once?: boolean;
  /** Begins with a snapshot of everything in scope, then tells every change after it. Not with `from`. Default false. */
  readonly initial?: boolean;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Bounds the arming, ms. Default 15,000. */
  readonly timeoutMs?: number;
}

/** Of a watch that also tells where it stands, so that it can be resumed although it has little else to tell. */
export interface BookmarkedWatchOptions extends WatchOptions {
  /** A bookmark each `bookmarkMs` in which anything in the tree changed, and before history forgets the last one. */
  readonly bookmarks: true;
  /** 100 to 86,400,000; default 60,000. */
  readonly bookmarkMs?: number;
}

/**
 * - `asked`: by `initial`.
 * - `compacted`: changes after the token of the watch are no longer kept, or this server has only their outcome.
 * - `other-history`: the token counts in another history than the cluster's, which was restored or lost its end.
 * - `fell-behind`: the consumer was too slow for too long.
 */
export type SnapshotReason = "asked" | "compacted" | "other-history" | "fell-behind";

/** What a watch delivers, in revision order. */
export type WatchEvent =
  | {
      readonly type: "created" | "changed" | "deleted";
      readonly path: string;
      readonly revision: number;
      readonly token: WatchPosition;
      /** After the change; null when deleted. */
      readonly node: Node | null;
      /** Before the change; null when created. Only of a watch with `previous`. */
      readonly previous?: Node | null;
    }
  /** As asked for by `initial`, or because changes up to `revision` cannot be told one by one: everything in scope at that revision. The stream goes on after it. */
  | {
      readonly type: "snapshot";
      readonly revision: number;
      readonly token: WatchPosition;
      readonly reason: SnapshotReason;
      readonly nodes: readonly { readonly path: string; readonly node: Node }[];
    };

/** What a watch with `bookmarks` delivers besides. Everything up to here was told. */
export interface WatchBookmark {
  readonly type: "bookmark";
  readonly revision: number;
  readonly token: WatchPosition;
}

/**
 * An ordered stream for one consumer; survives reconnects and new leaders without losing a change.
 * Iteration ends when the watch, its signal or the session is closed; throws `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost.
 */
export interface Watch<E = WatchEvent> extends AsyncIterable<E>, AsyncDisposable {
  /** Everything up to here was delivered or lies before the watch; resume from it. */
  readonly token: WatchPosition;
  close(): Promise<void>;
}

/**
 * The time a session may believe in itself: one unbroken period. When it lapses, everything held in it is
 * lost for good, even if the session lives on; then `session.lease` is a new period.
 */
export interface SessionLease {
  /** Fires TTL × 0.98 − `maxStallMs` after the send of the last confirmed renewal, or when the session ends. */
  readonly signal: AbortSignal;
  /** Milliseconds left by the monotonic clock of TTL × 0.98; ≤ 0 even if timers were late. */
  readonly expiresIn: number;
  /** @throws FlotillaError `ERR_FLOTILLA_LOST` once it lapsed, also right after a blocked event loop */
  assert(): void;
}

/**
 * A lease besides the session's own. It is renewed with the session until it is revoked or lapses, and never outlives
 * what the session may believe of itself. A lapse is final: its nodes are given back.
 */
export interface Lease extends SessionLease, AsyncDisposable {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /**
   * Ends it and deletes its nodes in one revision; its signal fires before that is sent. Idempotent: whatever comes of
   * the call, it is renewed no more. Once the session is over it resolves at once: the lease ends when that does.
   */
  revoke(options?: CallOptions): Promise<void>;
}

export interface GrantOptions extends CallOptions {
  /** Longest stall of the event loop that its signal still covers, ms; 0 to half its TTL. Default TTL / 5. */
  readonly maxStallMs?: number;
}

/**
 * A client's life with the cluster: writes take effect in the order they were called, each exactly once,
 * over any number of reconnects; a read sees every earlier write of its session.
 */
export interface Session extends AsyncDisposable {
  readonly id: SessionId;
  readonly ttlMs: number;
  readonly state: SessionState;
  /** The current period of belief. */
  readonly lease: SessionLease;
  /** Fires when the session is lost or closed. */
  readonly signal: AbortSignal;
  /** Id of the node it is attached to; null while it is not. */
  readonly server: string | null;
  /** The session's own lease. */
  readonly leaseId: LeaseId;
  /** The clock it judges deadlines by. */
  readonly clock: Clock;
  /** Where it tells what becomes of it and of what it holds: `node:diagnostics_channel`, unless its host says otherwise. */
  readonly publish: Publish;

  /** Null when the node is absent. The value is the caller's own; its `buffer` may hold other values of the session. */
  get(path: string, options?: PastOptions): Promise<Node | null>;
  exists(path: string, options?: PastOptions): Promise<Stat | null>;
  /** Null when the node is absent. */
  children(path: string, options?: ChildrenOptions): Promise<ChildrenPage | null>;
  /** Children together with their values and stats, in one answer; null when the node is absent. */
  childNodes(path: string, options?: ChildNodesOptions): Promise<ChildNodesPage | null>;
  /**
   * Who changed the node at a path, and when, the latest first: as far back as the server at hand remembers (`floor`),
   * also of a node that is gone.
   */
  history(path: string, options?: HistoryOptions): Promise<NodeChangesPage>;
  /** What a node and everything below it take up, at once however many they are; null when the node is absent. */
  usage(path: string, options?: ReadOptions): Promise<Usage | null>;
  /** The open sessions of the cluster, sorted by id. */
  sessions(options?: SessionsOptions): Promise<SessionsPage>;
  /** The leases of all sessions, their own among them, sorted by id. */
  leases(options?: LeasesOptions): Promise<LeasesPage>;
  /**
   * A further lease, for nodes that end together before the session does. 500 to 120,000 ms; one that is shorter than
   * the session's TTL lapses sooner when a server falls silent. At most 999 at a time.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_LIMIT`, `ERR_FLOTILLA_LOST` when it had lapsed
   *   before it was known
   */
  grant(ttlMs: number, options?: GrantOptions): Promise<Lease>;
  /**
   * Has another session ended, or a lease of one: it is renewed no more, its holder is told in time as by any lapse, and
   * after its TTL and a little its nodes are gone. `close` ends the own session at once.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND`
   */
  doom(lease: LeaseId, options?: CallOptions): Promise<void>;
  /** Makes a node. @throws FlotillaError `ERR_FLOTILLA_EXISTS`, `ERR_FLOTILLA_NOT_FOUND` (parent) */
  create(path: string, value?: Value, options?: CreateOptions): Promise<Written>;
  /** Changes an existing node. @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND`, `ERR_FLOTILLA_BAD_VERSION` */
  set(path: string, value: Value, options?: SetOptions): Promise<Written>;
  /** Changes or makes a node. */
  put(path: string, value: Value, options?: SetOptions): Promise<Written>;
  /**
   * Adds a safe integer to the number that a node holds as decimal text, in one command; an absent node is made with it.
   * Who adds must be allowed to read. @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` when the node holds anything else,
   * `ERR_FLOTILLA_LIMIT` when the sum would be no safe integer, `ERR_FLOTILLA_NOT_FOUND` (parent)
   */
  add(path: string, by: number, options?: SetOptions): Promise<Added>;
  /**
   * Puts another access list in the place of a node's; `auth` in it stands for whoever this session is.
   * @throws FlotillaError `ERR_FLOTILLA_NO_AUTH`, `ERR_FLOTILLA_INVALID_ACL`, `ERR_FLOTILLA_BAD_VERSION` (of the list)
   */
  setAcl(path: string, acl: Acl, options?: SetAclOptions): Promise<Stat>;
  /** The access list of a node, without the hashes of passwords for whoever may not change it; null without one. */
  getAcl(path: string, options?: ReadOptions): Promise<{ readonly acl: Acl; readonly stat: Stat } | null>;
  /**
   * Bounds what may be used at and below a path, or (null) no longer does. It takes `admin` on the nearest node above.
   * Writes beyond a hard bound fail with `ERR_FLOTILLA_QUOTA`, and `details.budget` says which; deletes never do.
   * @throws FlotillaError `ERR_FLOTILLA_NO_AUTH`, `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_NOT_FOUND` (none to take
   *   away), `ERR_FLOTILLA_LIMIT` beyond 10,000 budgets, or 8 that bound one path
   */
  setBudget(path: string, budget: Budget | null, options?: CallOptions): Promise<void>;
  /** The budget of a path and what is used of it; null when it has none, whatever those above it have. */
  getBudget(path: string, options?: ReadOptions): Promise<BudgetInfo | null>;
  /** The budgets at and below a path, sorted by path; only those whose nodes the session may read, or are not there. */
  budgets(path: string, options?: BudgetsOptions): Promise<BudgetsPage>;
  /** False when there was nothing to delete. */
  delete(path: string, options?: DeleteOptions): Promise<boolean>;
  /**
   * All or nothing, in one revision; what `if` asks for decides which items.
   * @throws FlotillaError with the code of the op that failed, `details.failed`, its index, and with `if` also
   *   `details.branch`; those before it would have been done, those behind it were not tried
   */
  multi(items: readonly MultiItem[], options?: MultiOptions): Promise<MultiResult>;
  /**
   * Resolves once armed: no change after that moment is missed.
   * @throws FlotillaError `ERR_FLOTILLA_QUOTA` when a budget has no room for it at the server at hand
   */
  watch(path: string, options: BookmarkedWatchOptions): Promise<Watch<WatchEvent | WatchBookmark>>;
  watch(path: string, options?: WatchOptions): Promise<Watch>;
  /** Resolves when the server at hand has everything that was committed at the call. */
  sync(options?: CallOptions): Promise<void>;
  /** What the server at hand says of itself, not linearizable. */
  status(options?: CallOptions): Promise<NodeStatus>;
  /** Calls back on every change of state, in order. What it throws, or a promise that it returns rejects with, is logged. */
  onState(fn: (state: SessionState) => unknown): Disposable;
  /**
   * The state now, then every change, in order; who reads too slowly misses the oldest. Ends after `lost` or `closed`, or
   * when `signal` fires.
   */
  states(options?: { readonly signal?: AbortSignal }): AsyncIterable<SessionState>;
  /**
   * Ends the session in the tree (its ephemerals go at once), then locally, at the latest when `timeoutMs` are over
   * (default 2,000) or `signal` fires. Idempotent. A further call that names a time or a signal of its
   * own ends it by that, when it is sooner.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`; then it is open still
   */
  close(options?: CallOptions): Promise<void>;
}
