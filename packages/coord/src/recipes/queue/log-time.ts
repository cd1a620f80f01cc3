import type { Stat } from "@flotilla/kv";
import type { Clock } from "@flotilla/runtime";

/**
 * The time of the log, as far as it was seen: what leaders stamp into the entries, which never goes back. Between two
 * sights a monotonic clock guesses it, to ask again at the right moment.
 */
export class LogTime {
  readonly #clock: Clock;
  #knownMs = 0;
  #seenAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#seenAtMs = clock.now();
  }

  /** It is at least this. */
  get knownMs(): number {
    return this.#knownMs;
  }

  see({ ctimeMs, mtimeMs }: Stat): void {
    const seenMs = Math.max(ctimeMs, mtimeMs);
    if (seenMs <= this.#knownMs) return;
    this.#knownMs = seenMs;
    this.#seenAtMs = this.#clock.now();
  }

  /** How long until it is probably that late, ms; 0 or less: probably now. */
  untilMs(ms: number): number {
    return ms - this.#knownMs - (this.#clock.now() - this.#seenAtMs);
  }
}
