/** A pending timer. */
export interface Timer {
  /** Forgets the timer. Safe to call twice and after it fired. */
  cancel(): void;
}

/** Time as one node sees it. Every duration is in milliseconds. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary origin; fractional; decides every deadline. */
  now(): number;
  /** Wall-clock milliseconds since the Unix epoch. For display and stamps, never for a decision. */
  wallNow(): number;
  /** Calls `fn` once, `delayMs` from now or later. A delay below zero counts as zero. */
  setTimer(delayMs: number, fn: () => void): Timer;
  /**
   * Calls `fn` after the poll phase under way, or after the next one from elsewhere: what had arrived from
   * the network when that phase began is delivered first. So a timer that defers hears what came during a
   * stall before it judges. Calls run in the order they were made.
   */
  defer(fn: () => void): void;
}
