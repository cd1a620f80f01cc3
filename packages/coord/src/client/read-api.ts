import type { LeaseId, Node, SessionId, WatchToken } from "@flotilla/kv";

/** For every call. */
export interface CallOptions {
  /** Ends the wait, not the request: the error says `ambiguous` unless it was never sent. */
  readonly signal?: AbortSignal;
  /** Default 15,000; the same as an abort, with `ERR_FLOTILLA_TIMEOUT`. `Infinity`: no bound. */
  readonly timeoutMs?: number;
}

export interface ReadOptions extends CallOptions {
  /**
   * `linearizable` (default): as of some moment between call and answer. `local`: from the server at hand,
   * never older than what this session has seen. In the process of a member it is answered at once while nothing else
   * of the session is under way, for a few milliseconds of each turn of the event loop.
   */
  readonly level?: "linearizable" | "local";
}

export interface PastOptions extends ReadOptions {
  /**
   * As it was after this revision; absent: now. `ERR_FLOTILLA_COMPACTED` when the server at hand does not remember it
   * (`details.floor` is the earliest that it does), `ERR_FLOTILLA_AHEAD` when it has no such revision yet.
   */
  readonly revision?: number;
}

export interface HistoryOptions extends ReadOptions {
  /** `next` of the page before. Default: from the latest change. */
  readonly before?: WatchToken;
  /** Default and most 1,000. */
  readonly limit?: number;
}

export interface ChildrenOptions extends PastOptions {
  /** Names after this one. */
  readonly after?: string;
  /** Default and most 10,000. A page of the past may hold fewer, none even, and still have a `next`. */
  readonly limit?: number;
}

export interface ChildNodesOptions extends ReadOptions {
  /** Children after this name. */
  readonly after?: string;
  /** Default and most 10,000; a page ends sooner after 512 KiB. */
  readonly limit?: number;
}

/** Children with their nodes, as of one moment. */
export interface ChildNodesPage {
  /** Sorted by name. `node` is null when the session may not read it. */
  readonly children: readonly { readonly name: string; readonly node: Node | null }[];
  /** Where the next page begins, as `after`; null after the last. */
  readonly next: string | null;
}

export interface SessionsOptions extends ReadOptions {
  /** Sessions after this id. */
  readonly after?: SessionId;
  /** Default and most 1,000. */
  readonly limit?: number;
}

export interface LeasesOptions extends ReadOptions {
  /** Leases after this id. */
  readonly after?: LeaseId;
  /** Default and most 1,000. */
  readonly limit?: number;
}

export interface BudgetsOptions extends ReadOptions {
  /** Budgets after this path. */
  readonly after?: string;
  /** Default and most 500. */
  readonly limit?: number;
}
