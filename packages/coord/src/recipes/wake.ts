import type { Watch } from "../client/api.ts";
import { listen } from "./bounded.ts";
import type { Calls } from "./patient.ts";

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

/** Notifies on every event of a data watch. */
export async function wakeOn(calls: Calls, path: string, wake: Wake): Promise<Watch> {
  const watch = await calls.watch(path, { kind: "data" });
  void notifyEach(watch, wake);
  return watch;
}

async function notifyEach(watch: Watch, wake: Wake): Promise<void> {
  try {
    for await (const _ of watch) wake.notify();
  } catch {
    // The session is lost, which ends the wait by its signal.
  }
}
