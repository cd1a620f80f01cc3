/** A named instant at one machine. */
export type Moment = string;

const recentMs = 500;

type Listener = (node: string) => void;

/** Named instants in the life of members that a fault can wait for: probes of the code, writes, votes, roles. */
export class Moments {
  /** How often each came. */
  readonly counts: Map<Moment, number> = new Map();
  readonly #listeners = new Map<Moment, Set<Listener>>();
  readonly #lastMs = new Map<Moment, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** It comes now, at a machine. */
  hit(moment: Moment, node: string): void {
    this.counts.set(moment, (this.counts.get(moment) ?? 0) + 1);
    this.#lastMs.set(moment, this.#nowMs());
    const listeners = this.#listeners.get(moment);
    if (listeners !== undefined) for (const listener of listeners) listener(node);
  }

  /** It came within the last half second. */
  isRecent(moment: Moment): boolean {
    return this.#nowMs() - (this.#lastMs.get(moment) ?? Number.NEGATIVE_INFINITY) < recentMs;
  }

  /** Calls back with the machine where it comes for the `hit`th time from now on. Returns how to stop. */
  at(moment: Moment, hit: number, then: Listener): () => void {
    const listeners = this.#listeners.get(moment) ?? new Set<Listener>();
    this.#listeners.set(moment, listeners);
    let left = hit;
    const listener: Listener = (node) => {
      left -= 1;
      if (left > 0) return;
      listeners.delete(listener);
      then(node);
    };
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}
