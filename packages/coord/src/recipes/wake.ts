import type { Session, Watch } from "../client/api.ts";

/** Lets one waiter sleep until any of its watches has something to say; a wake before the wait is not lost. */
export class Wake {
  #pending = false;
  #resolve: (() => void) | null = null;

  notify(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /** Resolves on the next notify, or at once when one came since the last wait; rejects with the signal's reason. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#pending) {
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => reject(signal?.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        this.#resolve = () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
      }).finally(() => {
        this.#resolve = null;
      });
    }
    this.#pending = false;
  }
}

/** Notifies on every event of a data watch, and when the watch ends for any reason. */
export async function wakeOn(
  session: Session,
  path: string,
  wake: Wake,
  options: { readonly signal?: AbortSignal },
): Promise<Watch> {
  const watch = await session.watch(path, { kind: "data", ...options });
  void notifyEach(watch, wake);
  return watch;
}

async function notifyEach(watch: Watch, wake: Wake): Promise<void> {
  try {
    for await (const _ of watch) wake.notify();
  } catch {
    // The session is gone; whoever waits finds out by its next read.
  }
  wake.notify();
}
