const windowsInARow = 3;

/**
 * Judges by how late ticks come whether this process still is fit to lead. A window lasts an election timeout and is
 * bad when a tick in it came more than half of one late.
 */
export class StallWatch {
  readonly #windowMs: number;
  #endMs: number;
  #worstMs = 0;
  #bad = 0;

  constructor(electionTimeoutMs: number, nowMs: number) {
    this.#windowMs = electionTimeoutMs;
    this.#endMs = nowMs + electionTimeoutMs;
  }

  /** A tick came, so late. True when it ends the third bad window in a row. */
  ticked(nowMs: number, lateMs: number): boolean {
    this.#worstMs = Math.max(this.#worstMs, lateMs);
    if (nowMs < this.#endMs) return false;
    this.#bad = this.#worstMs > this.#windowMs / 2 ? this.#bad + 1 : 0;
    this.#worstMs = 0;
    this.#endMs = nowMs + this.#windowMs;
    if (this.#bad < windowsInARow) return false;
    this.#bad = 0;
    return true;
  }
}
