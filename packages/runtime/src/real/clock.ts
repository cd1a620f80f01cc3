import type { Clock, Timer } from "../clock.ts";

/** The most that setTimeout takes. */
const maxDelayMs = 2 ** 31 - 1;

/**
 * A timer that never fires early by `performance.now`: setTimeout rounds down and counts from the
 * start of the loop's turn, so it may.
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
    this.#timeout = setTimeout(() => this.#wake(), Math.min(Math.max(1, Math.ceil(delayMs)), maxDelayMs));
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
  /** Calls not yet made, oldest first; `#made` of all ever asked are done. */
  readonly #calls: (() => void)[] = [];
  #asked = 0;
  #made = 0;
  /** True while the loop is known to be outside its poll phase. */
  #outsidePoll = false;

  now(): number {
    return performance.now();
  }

  wallNow(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    return new RealTimer(delayMs, () => this.#runOutsidePoll(fn));
  }

  /**
   * An immediate set during the poll phase runs right after it, before anything that arrived while
   * the phase was busy; a second hop lets one more poll go by.
   */
  defer(fn: () => void): void {
    this.#calls.push(fn);
    const place = ++this.#asked;
    if (this.#outsidePoll) setImmediate(() => this.#runUpTo(place));
    else setImmediate(() => void setImmediate(() => this.#runUpTo(place)));
  }

  /** Earlier calls have waited at least as long, so they go first. */
  #runUpTo(place: number): void {
    while (this.#made < place) {
      this.#made++;
      const fn = this.#calls.shift();
      if (fn !== undefined) this.#runOutsidePoll(fn);
    }
  }

  #runOutsidePoll(fn: () => void): void {
    this.#outsidePoll = true;
    try {
      fn();
    } finally {
      this.#outsidePoll = false;
    }
  }
}

/** The system's clocks and timers. */
export function realClock(): Clock {
  return new RealClock();
}
