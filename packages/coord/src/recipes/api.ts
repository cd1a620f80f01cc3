import type { Fence } from "../client/api.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";

/** Anything held: leadership, locks, permits. */
export interface Held extends AsyncDisposable {
  /** Fencing token: strictly increasing from one holder to the next. */
  readonly epoch: number;
  /** Fires before anyone else can hold it, as long as the event loop is not stalled longer than `maxStallMs`. */
  readonly signal: AbortSignal;
  /** Milliseconds left by the monotonic clock; ≤ 0 even if timers were late. */
  readonly expiresIn: number;
  /** For the `fence` option of writes: the tree refuses them once somebody else holds it. */
  readonly fence: Fence;
  /** @throws FlotillaError `ERR_FLOTILLA_LOST`, synchronously, also right after a blocked event loop */
  assert(): void;
  /**
   * Fires the signal, then gives it up. Idempotent. The options bound the wait, not the giving up: that goes on
   * until it is done or the session ends.
   */
  release(options?: CallOptions): Promise<void>;
}

export interface LeaderInfo {
  /** The candidate's id. */
  readonly id: string;
  readonly epoch: number;
  readonly value: string;
  /** Leader's wall time of the grant, ms since the epoch. */
  readonly sinceMs: number;
}

export interface CandidateInfo {
  readonly id: string;
  readonly value: string;
  readonly priority: number;
}

export interface ElectionOptions {
  /** What others see of this candidate, such as an address; with the id at most 64 KiB. Default empty. */
  readonly value?: string;
  /** Higher goes first in line; never takes from a holder. Default 0. */
  readonly priority?: number;
  /** Name shown to others. Default: the session's id. */
  readonly id?: string;
}

export interface ResignOptions extends CallOptions {
  /** Id of the candidate in line that is elected next, whatever its priority. Default: whoever is next in line. */
  readonly to?: string;
}

export interface EvictOptions extends CallOptions {
  /**
   * At once and without asking: the leader's signal fires late then, only its fence holds in time. Default false: the
   * leader is asked and gives up by itself, within the `timeoutMs` of this call (15,000 by default) unless it hangs.
   */
  readonly force?: boolean;
}

export interface Leadership extends Held {
  /** Changes what others see. @throws FlotillaError `ERR_FLOTILLA_LOST`, `ERR_FLOTILLA_TOO_LARGE` */
  proclaim(value: string, options?: CallOptions): Promise<void>;
  /**
   * Fires the signal, then gives it up, as `release` does, or hands it to a candidate in line. Should that one leave the
   * line at this very moment, whoever is next is elected.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when no such candidate waits; then it leads on
   */
  resign(options?: ResignOptions): Promise<void>;
}

/** One leader at a time per name. */
export interface Election {
  readonly name: string;
  /**
   * Leads again and again: each time elected, calls `fn`; when it returns or its signal fires, gives up and campaigns anew.
   * The next campaign begins only when `fn` has settled, and then at once: whoever is alone and returns leads again.
   * Ends when `signal` fires (resolves, once `fn` has settled), when the session ends or `fn` throws while it leads
   * (rejects). Waits for as long as there is no quorum, and rests while a budget has no room for it.
   */
  run(
    fn: (leadership: Leadership) => Promise<void> | void,
    options?: { readonly signal?: AbortSignal },
  ): Promise<void>;
  /**
   * Waits in line until elected, by default without a time limit and for as long as there is no quorum. Whatever ends
   * the wait, the place in line is given up, in the background.
   * @throws FlotillaError `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_LOST` when somebody deleted the
   * place in line, `ERR_FLOTILLA_SESSION_EXPIRED`, `ERR_FLOTILLA_CLOSED`
   */
  campaign(options?: CallOptions): Promise<Leadership>;
  /** Null when vacant. */
  leader(options?: ReadOptions): Promise<LeaderInfo | null>;
  /**
   * The leader now, then changes in order; null when vacant. Short-lived states may be skipped, never the last. Ends when
   * `signal` fires or the session is closed; throws `ERR_FLOTILLA_SESSION_EXPIRED` when it is lost.
   */
  observe(options?: { readonly signal?: AbortSignal }): AsyncIterable<LeaderInfo | null>;
  /** In line order, the leader first. */
  candidates(options?: ReadOptions): Promise<readonly CandidateInfo[]>;
  /**
   * Has the leader give up, whoever it is, and whoever is next in line lead; one that campaigns again comes last in its
   * priority. Resolves to its id once it does not lead any more, to null when nobody led.
   * @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`: then it stays asked while this session lives
   */
  evict(options?: EvictOptions): Promise<string | null>;
}
