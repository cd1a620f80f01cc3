import type { Node } from "@flotilla/kv";
import type { Clock } from "@flotilla/runtime";
import type { Watch } from "../client/api.ts";
import { listen } from "./bounded.ts";
import { nextTurn } from "./next-turn.ts";
import { nodeIn } from "./node-in.ts";

/** Lets one waiter sleep until any of its watches has something to say; a wake before the wait is not lost. */
export class Wake {
  #pending = false;
  #resolve: (() => void) | null = null;

  notify(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /** Resolves on the next notify, or at once when one came since the last wait; rejects with the signal's reason. */
  async next(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#pending) await this.#sleep(signal);
    this.#pending = false;
  }

  /** The same, and after a while at the latest. */
  async nextWithin(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
    const timer = clock.setTimer(ms, () => this.notify());
    try {
      await this.next(signal);
    } finally {
      timer.cancel();
    }
  }

  /** As `next`, but what comes in one go is one piece of news: so that work on each of many does not hold up the process. */
  async nextTurn(clock: Clock, signal?: AbortSignal): Promise<void> {
    await this.next(signal);
    await nextTurn({ clock });
    signal?.throwIfAborted();
    this.#pending = false;
  }

  #sleep(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopListening = listen(signal, (reason) => {
        this.#resolve = null;
        reject(reason);
      });
      this.#resolve = () => {
        this.#resolve = null;
        stopListening();
        resolve();
      };
    });
  }
}

/** Notifies on every event of a watch of one node, but for those that tell of it as one that is no news. */
export async function wakeOn(watch: Watch, wake: Wake, isNoNews: (node: Node) => boolean): Promise<void> {
  try {
    for await (const event of watch) {
      const node = nodeIn(event);
      if (node === null || !isNoNews(node)) wake.notify();
    }
  } catch {
    // The session is lost, which ends the wait by its signal.
  }
}
