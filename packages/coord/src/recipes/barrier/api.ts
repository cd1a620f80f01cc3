import type { WriteOptions } from "../../client/api.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import type { Held } from "../api.ts";

export interface BarrierSetOptions extends WriteOptions {
  /** Lifted also when this session ends. Default false: it stays until somebody lifts it. */
  readonly ephemeral?: boolean;
}

/** Holds up whoever waits for as long as it is set. */
export interface Barrier {
  readonly name: string;
  /** Its node, which is there while it is set. */
  readonly path: string;
  /** False when it was set before: then it stays as it was. @throws FlotillaError what a write throws */
  set(options?: BarrierSetOptions): Promise<boolean>;
  /** Lets everybody pass who waits, whoever set it; false when it was not set. @throws FlotillaError what a write throws */
  lift(options?: WriteOptions): Promise<boolean>;
  isSet(options?: ReadOptions): Promise<boolean>;
  /**
   * Resolves at once when it is not set, else once it is lifted, also when it is set again right after. By default without
   * a time limit, and for as long as there is no quorum.
   * @throws FlotillaError `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_SESSION_EXPIRED`, `ERR_FLOTILLA_CLOSED`
   */
  wait(options?: CallOptions): Promise<void>;
}

export interface DoubleBarrierOptions {
  /** How many do something together, 1 to 998. The same for everybody. */
  readonly parties: number;
}

/** Being one of those who entered together. Its epoch is the round: the same for all of them, and higher than of any before. */
export interface BarrierRound extends Held {
  /** From 0; nobody else in the round has the same. */
  readonly index: number;
  readonly parties: number;
  /**
   * Fires the signal, leaves, and resolves once everybody of the round has left or died. By default without a time limit;
   * whatever ends the wait, this one has left. Idempotent. `release` leaves without waiting for the others.
   * @throws FlotillaError as `DoubleBarrier.enter`
   */
  leave(options?: CallOptions): Promise<void>;
}

/** Has exactly so many begin together, and end together. */
export interface DoubleBarrier {
  readonly name: string;
  readonly parties: number;
  /**
   * Waits until `parties` are there who live at the same moment, and the round before is over; more than these wait for
   * the next round. First come, first served. By default without a time limit, and for as long as there is no quorum.
   * Whatever ends the wait, it no longer counts as there; if a round began with it, it counts as having left that.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when those who came before count other `parties`;
   *   `ERR_FLOTILLA_LOST` when its place was taken away, or its lease lapsed as the round began;
   *   `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_SESSION_EXPIRED`, `ERR_FLOTILLA_CLOSED`
   */
  enter(options?: CallOptions): Promise<BarrierRound>;
}

export interface LatchOptions {
  /** From how many it counts down, 1 to 5,000. The same for everybody. */
  readonly count: number;
}

export interface CountDownOptions extends WriteOptions {
  /** What is counted: one path segment. Default: the session's id, so that each process counts once. */
  readonly key?: string;
}

/** Opens once so many different keys have been counted down, and stays open. */
export interface Latch {
  readonly name: string;
  /** Its node; its children are the keys that were counted. */
  readonly path: string;
  readonly count: number;
  /**
   * Counts a key once, whoever calls and however often: whatever ended a call, it may be repeated. It stays counted when
   * the session ends. False when it was counted before, or the latch is open.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when the latch counts from another number; what a write throws
   */
  countDown(options?: CountDownOptions): Promise<boolean>;
  /** How many are still to be counted. @throws FlotillaError as `countDown` */
  remaining(options?: ReadOptions): Promise<number>;
  /**
   * Resolves once it is open. By default without a time limit, and for as long as there is no quorum.
   * @throws FlotillaError `ERR_FLOTILLA_LOST` when it is cleared meanwhile; `ERR_FLOTILLA_BAD_ARGUMENT` as `countDown`;
   *   `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_SESSION_EXPIRED`, `ERR_FLOTILLA_CLOSED`
   */
  wait(options?: CallOptions): Promise<void>;
  /** Takes it away with all that it counted; whoever uses it again begins anew. False when there was none. */
  clear(options?: CallOptions): Promise<boolean>;
}
