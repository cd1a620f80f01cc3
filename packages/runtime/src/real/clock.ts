import type { Clock, Timer } from "../clock.ts";

/** The most that setTimeout takes. */
const maxDelayMs = 2 ** 31 - 1;

/** From here on a timer is armed a millisecond longer: it would wake twice otherwise, and that costs more. */
const slackFromMs = 20;

/**
 * A timer that never fires early by `performance.now`: setTimeout rounds down and counts from the
 * start of the loop's turn, so it may, by about a millisecond.
 */
class RealTimer implements Timer {
  readonly #dueMs: number;
  readonly #fire: () => void;
  #timeout: NodeJS.Timeout | undefined;

  constructor(delayMs: number, fire: () => void) {
    this.#dueMs = performance.now() + Math.max(0, delayMs);
    this.#fire = fire;
    this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #arm(delayMs: number): void {
    const wholeMs = Math.ceil(delayMs) + (delayMs >= slackFromMs ? 1 : 0);
    this.#timeout = setTimeout(() => this.#wake(), Math.min(Math.max(1, wholeMs), maxDelayMs));
  }

  #wake(): void {
    const leftMs = this.#dueMs - performance.now();
    if (leftMs > 0) {
      this.#arm(leftMs);
      return;
    }
    this.#timeout = undefined;
    this.#fire();
  }
}

class RealClock implements Clock {
  now(): number {
    return performance.now();
  }

  wallNow(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    return new RealTimer(delayMs, fn);
  }

  /** The loop runs immediates right behind its poll phase, in order. */
  defer(fn: () => void): void {
    setImmediate(fn);
  }
}

/** The system's clocks and timers. */
export function realClock(): Clock {
  return new RealClock();
}
