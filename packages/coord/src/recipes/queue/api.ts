import type { Codec } from "../../client/codecs.ts";
import type { Fence } from "../../client/api.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import type { Held } from "../api.ts";

export interface QueueOptions {
  /**
   * Items that may be in the queue, those that are taken counted, 1 to 1,000,000: a budget of its node, set by the first
   * `put` of a handle, so everybody has to give the same. Default: no bound of its own.
   */
  readonly maxItems?: number;
  /** So many takers may have an item before it becomes a dead letter, 1 to 1,000,000. Default 10. */
  readonly maxDeliveries?: number;
}

/** Of a queue whose values go through a codec, such as `jsonCodec({ schema })`. */
export interface CodedQueueOptions<In, Out> extends QueueOptions {
  readonly codec: Codec<In, Out>;
}

export interface PutOptions extends CallOptions {
  /** 0 to 99; higher goes first. Default 0. */
  readonly priority?: number;
  /** Not to be taken earlier, by the time of the log. 0 to 9,999,999,999 ms (115 days). Default 0. */
  readonly delayMs?: number;
  /** What a full queue makes of it: `ERR_FLOTILLA_QUOTA`, or a wait within the time of the call. Default `refuse`. */
  readonly whenFull?: "refuse" | "wait";
  /** Only while this grant stands, judged by the tree itself. */
  readonly fence?: Fence;
}

/**
 * An item that one taker has. It ends with the period of belief of the taker's session: the signal fires before anybody
 * else can have the item, as with everything held.
 */
export interface Taken<T> extends Held {
  /** Of the item, in the order of the queue within a priority. */
  readonly id: string;
  readonly value: T;
  /** How many takers have had it, this one counted: above 1, it may have been worked on before. */
  readonly deliveries: number;
  /**
   * It is done: deletes it. Resolves only if it was this taker's until then. Goes on in the background when the wait ends,
   * whose error is `ambiguous` then.
   * @throws FlotillaError `ERR_FLOTILLA_LOST` when somebody else may have it by now
   */
  ack(options?: CallOptions): Promise<void>;
  /**
   * Gives it back, to be taken again before what was put later; to the dead letters once it had `maxDeliveries`. Fires the
   * signal first. Idempotent.
   * @throws FlotillaError `ERR_FLOTILLA_QUOTA` when there is no room among the dead letters: it is in the queue again then
   */
  release(options?: CallOptions): Promise<void>;
  /**
   * Puts it to the dead letters.
   * @throws FlotillaError `ERR_FLOTILLA_LOST`; `ERR_FLOTILLA_QUOTA` when there is no room: it is in the queue again then
   */
  bury(options?: CallOptions): Promise<void>;
}

export interface ConsumeOptions<T> {
  /** Ends it; resolves once every call of `fn` has settled. */
  readonly signal?: AbortSignal;
  /** Items worked on at a time, 1 to 1,000. Default 1. */
  readonly concurrency?: number;
  /**
   * Hears what `fn` threw, or that an item was lost before it was acknowledged; a promise that it returns is waited for.
   * What it throws, or that promise rejects with, ends `consume`, which rejects with it once the item is given back.
   */
  readonly onError?: (error: unknown, item: Taken<T>) => unknown;
}

export interface QueueReport {
  /** Items that wait or are taken. */
  readonly size: number;
  /** Dead letters. */
  readonly dead: number;
  /** Who takes, and how many items each wants to have at once. */
  readonly takers: readonly { readonly id: string; readonly wants: number }[];
  /** Who hands out; null while nobody does. */
  readonly dispatcher: string | null;
}

export interface DeadLetter<T> {
  readonly id: string;
  readonly value: T;
  /** Leader's wall time at which it became one, ms since the epoch. */
  readonly sinceMs: number;
}

export interface DeadLettersOptions extends ReadOptions {
  /** Those after this id. */
  readonly after?: string;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
}

/** What nobody managed to work on. */
export interface DeadLetters<T> {
  /**
   * Sorted by id.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` when one of them is not of the codec's shape
   */
  list(options?: DeadLettersOptions): Promise<readonly DeadLetter<T>[]>;
  /** Puts one back, behind what waits. False when there is none. @throws FlotillaError `ERR_FLOTILLA_QUOTA` when full */
  requeue(id: string, options?: CallOptions): Promise<boolean>;
  /** Deletes one. False when there is none. */
  discard(id: string, options?: CallOptions): Promise<boolean>;
}

/** Items that are put once and each taken by one at a time, until somebody acknowledges it. */
export interface Queue<In, Out = In> {
  readonly name: string;
  readonly path: string;
  readonly deadLetters: DeadLetters<Out>;
  /**
   * Adds an item, once over any number of reconnects and new leaders; resolves with its id once a majority has it on disk.
   * @throws FlotillaError `ERR_FLOTILLA_QUOTA` when it is full, `ERR_FLOTILLA_BAD_VALUE`, what a write throws
   */
  put(value: In, options?: PutOptions): Promise<string>;
  /**
   * The first item that is due and nobody has: by priority, then in the order of the puts. Waits for one, by default
   * without a time limit and for as long as there is no quorum. One handle should do all the taking of a process.
   * @throws FlotillaError `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_SESSION_EXPIRED`, `ERR_FLOTILLA_CLOSED`
   */
  take(options?: CallOptions): Promise<Taken<Out>>;
  /**
   * Takes again and again, and calls `fn`: when it returns, the item is acknowledged, when it throws, given back. Ends when
   * `signal` fires (resolves) or the session ends (rejects).
   */
  consume(fn: (item: Taken<Out>) => Promise<void> | void, options?: ConsumeOptions<Out>): Promise<void>;
  /** Items that wait or are taken. */
  size(options?: ReadOptions): Promise<number>;
  inspect(options?: ReadOptions): Promise<QueueReport>;
}
