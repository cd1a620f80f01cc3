import type { Index } from "../types.ts";

/**
 * Whether a learner has caught up: it took at most an election timeout to receive what the log held when that
 * round began, so as a voter it would not hold up commits for longer. Dissertation §4.2.1, with rounds that never end.
 */
export class CatchUp {
  #target: Index;
  #sinceTick: number;
  #wasQuick = false;

  /** The first round begins with the log that ends at `last`. */
  constructor(last: Index, tick: number) {
    this.#target = last;
    this.#sinceTick = tick;
  }

  /** It answered: everything up to `match` is durable there, while the log ends at `last`. */
  heard(match: Index, last: Index, tick: number, electionTicks: number): void {
    if (match < this.#target) return;
    this.#wasQuick = tick - this.#sinceTick <= electionTicks;
    this.#target = last;
    this.#sinceTick = tick;
  }

  /** True while the newest round was quick and the one under way can still be. */
  isDone(tick: number, electionTicks: number): boolean {
    return this.#wasQuick && tick - this.#sinceTick <= electionTicks;
  }
}
