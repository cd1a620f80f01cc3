import type { Session } from "../client/api.ts";
import { listen } from "./bounded.ts";

/** Half of the watches that a session may have: the rest is for others. */
const most = 500;

/** By the signal, which is the same however a session is wrapped. */
const bySession = new WeakMap<AbortSignal, OwnWatches>();

/** How many nodes of its own a session watches, and what waits to have its node watched. */
export class OwnWatches {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  static of({ signal }: Session): OwnWatches {
    const known = bySession.get(signal) ?? new OwnWatches();
    bySession.set(signal, known);
    return known;
  }

  /** Counts one more until `end`; false, and none, while there are 500. */
  tryBegin(): boolean {
    if (this.#count >= most) return false;
    this.#count += 1;
    return true;
  }

  /** The same as soon as there are fewer, in the order of the calls; rejects with the signal's reason. */
  async begin(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryBegin()) return;
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        stopListening();
        resolve();
      };
      const stopListening = listen(signal, (reason) => {
        this.#waiting.delete(go);
        reject(reason);
      });
      this.#waiting.add(go);
    });
  }

  end(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#count -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
