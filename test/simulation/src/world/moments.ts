/** A named instant at one machine. */
export type Moment = string;

const recentMs = 500;

type Listener = (node: string) => void;

interface Seen {
  count: number;
  lastMs: number;
  readonly listeners: Set<Listener>;
}

/** Named instants in the life of members that a fault can wait for: probes of the code, writes, votes, roles. */
export class Moments {
  readonly #seen = new Map<Moment, Seen>();
  readonly #nowMs: () => number;
  #isOver = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How often each came while a fault could wait for it. */
  get counts(): ReadonlyMap<Moment, number> {
    const came = [...this.#seen].filter(([, { count }]) => count > 0);
    return new Map(came.map(([moment, { count }]) => [moment, count]));
  }

  /** No fault waits any longer. */
  over(): void {
    this.#isOver = true;
  }

  /** It comes now, at a machine. */
  hit(moment: Moment, node: string): void {
    const seen = this.#of(moment);
    if (!this.#isOver) seen.count += 1;
    seen.lastMs = this.#nowMs();
    if (seen.listeners.size > 0) for (const listener of seen.listeners) listener(node);
  }

  /** It came within the last half second. */
  isRecent(moment: Moment): boolean {
    return this.#nowMs() - (this.#seen.get(moment)?.lastMs ?? Number.NEGATIVE_INFINITY) < recentMs;
  }

  /** Calls back with the machine where it comes for the `hit`th time from now on. Returns how to stop. */
  at(moment: Moment, hit: number, then: Listener): () => void {
    const { listeners } = this.#of(moment);
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

  #of(moment: Moment): Seen {
    let seen = this.#seen.get(moment);
    if (seen === undefined) {
      seen = { count: 0, lastMs: Number.NEGATIVE_INFINITY, listeners: new Set() };
      this.#seen.set(moment, seen);
    }
    return seen;
  }
}
