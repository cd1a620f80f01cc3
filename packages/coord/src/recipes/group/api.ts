import type { CallOptions, ReadOptions } from "../../client/read-api.ts";

/** What a member tells of itself: texts by name. */
export type GroupMeta = Readonly<Record<string, string>>;

export interface JoinOptions extends CallOptions {
  /** One path segment. Default: a random id. */
  readonly id?: string;
}

export interface GroupMember {
  readonly id: string;
  readonly meta: GroupMeta;
  /** Revision of its join: no two joins of a group have the same, and a later one has a higher. */
  readonly joined: number;
  /** Leader's wall time of the join, ms since the epoch. */
  readonly sinceMs: number;
  /** Of its last change; `joined` while there was none. */
  readonly revision: number;
}

/** Being a member, for as long as the session lives. */
export interface GroupMembership extends AsyncDisposable {
  /** As last written. */
  readonly member: GroupMember;
  /**
   * Fires when it is over: it left, somebody took it out, or its session ended. Whoever wants to, joins anew. Of what others
   * did, and that its session expired, it hears from a server: one that is cut off, when it reaches one again, however long
   * that takes, as its session may stand until then; that it may be over `Session.lease` tells. While a budget or the
   * session has no room for a watch of its node it hears that it was taken out later: with its next change, or once there
   * is. A session has room for 500 of its members and registrations.
   */
  readonly signal: AbortSignal;
  /**
   * Puts other metadata in the place of what it had. Several changes at once may become one write, of the last. Goes on in
   * the background when the wait ends, whose error is `ambiguous` then.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_TOO_LARGE`; `ERR_FLOTILLA_LOST` when it is over; and
   *   what the cluster refuses the write with, such as `ERR_FLOTILLA_QUOTA`, which takes it out
   */
  update(meta: GroupMeta, options?: CallOptions): Promise<void>;
  /**
   * Fires the signal, then leaves, and never has a successor under its id leave. Idempotent. The options bound the wait
   * (15 s by default); the leaving goes on.
   */
  leave(options?: CallOptions): Promise<void>;
}

/** The members after one change, and what it was. */
export interface GroupChange {
  /** Of the change; when a session ends, those of all its members have the same. */
  readonly revision: number;
  /** All of them, sorted by id. */
  readonly members: readonly GroupMember[];
  readonly joined: readonly GroupMember[];
  /** As they were last seen. */
  readonly left: readonly GroupMember[];
  /** Of those who stayed: whose metadata was written. */
  readonly changed: readonly GroupMember[];
}

/** Who is there: everybody sees the same members come and go in the same order. */
export interface Group {
  readonly name: string;
  /**
   * A member from the moment it resolves, until it leaves or its session ends: reconnects and new leaders are not seen by
   * others. Waits 15 s by default. An abort or a timeout takes it out again, in the background.
   * @throws FlotillaError `ERR_FLOTILLA_EXISTS` when the id is a member, also by this session;
   *   `ERR_FLOTILLA_BAD_ARGUMENT`; what a write throws
   */
  join(meta?: GroupMeta, options?: JoinOptions): Promise<GroupMembership>;
  /** All members as of one moment, sorted by id. */
  members(options?: ReadOptions): Promise<readonly GroupMember[]>;
  /**
   * The members now, all of them as `joined`, then every change by itself and in order; adding up the changes gives the
   * members. Where changes can no longer be told one by one, such as after a long absence, their sum comes as one; somebody
   * who left and another under the same id are told as both. Ends when `signal` fires or the session is closed.
   * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
   */
  watch(options?: { readonly signal?: AbortSignal }): AsyncIterable<GroupChange>;
}
