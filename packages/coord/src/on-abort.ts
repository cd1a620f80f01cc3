/** Who waits for a signal to fire, by the signal. */
const waiting: WeakMap<AbortSignal, Waiting> = new WeakMap();

/** Those who wait for one signal, behind one listener of it: above ten, Node warns of a leak. */
class Waiting {
  readonly #signal: AbortSignal;
  readonly #waits = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#fire, { once: true });
    waiting.set(signal, this);
  }

  add(fn: () => void): void {
    this.#waits.add(fn);
  }

  /** Who waits no more leaves no listener behind. */
  remove(fn: () => void): void {
    if (!this.#waits.delete(fn) || this.#waits.size > 0) return;
    this.#signal.removeEventListener("abort", this.#fire);
    waiting.delete(this.#signal);
  }

  /** What one throws keeps nobody else waiting. */
  readonly #fire = (): void => {
    waiting.delete(this.#signal);
    const failures: unknown[] = [];
    for (const fn of this.#waits) {
      this.#waits.delete(fn);
      try {
        fn();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
}

/**
 * Calls back once when a signal fires that has not fired yet, which any number may wait for.
 * @returns how to wait no more
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  // Each is one of its own, also where the same function waits twice.
  const wait = (): void => fn();
  const all = waiting.get(signal) ?? new Waiting(signal);
  all.add(wait);
  return () => all.remove(wait);
}
