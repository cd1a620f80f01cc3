const leastMs = 50;
/** The shortest TTL: whoever dies is ahead for as long anyway. */
const mostMs = 500;

/** How fast a line moves, as somebody found who comes again and again. */
export class Pace {
  #unhurriedMs = leastMs;

  /**
   * Who waits for less than this has no need to look who is ahead, ms: it is granted by whoever leaves. Somebody ahead who
   * dies is noticed that much later at most.
   */
  get unhurriedMs(): number {
    return this.#unhurriedMs;
  }

  /** Whoever was ahead handed over after such a wait, ms. */
  moved(waitedMs: number): void {
    this.#unhurriedMs = Math.min(mostMs, Math.max(leastMs, 2 * waitedMs));
  }

  /** Nobody handed over: the next wait is a short one. */
  stood(): void {
    this.#unhurriedMs = leastMs;
  }
}
