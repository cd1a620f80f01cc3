/** Work of which only one piece is under way, in the order in which it was asked for. */
export class OneAtATime {
  readonly #waiting = new Set<() => void>();
  #isBusy = false;

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whoever gives up before its turn is forgotten, and its promise never settles: work under way may hang for ever. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#isBusy) await this.#turn(signal);
    this.#isBusy = true;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#passOn();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leave = (): void => void this.#waiting.delete(begin);
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.add(begin);
    });
  }

  #passOn(): void {
    const [next] = this.#waiting;
    this.#isBusy = next !== undefined;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
