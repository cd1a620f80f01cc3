import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../client/api.ts";
import { sharedController } from "../shared-controller.ts";
import { listen } from "./bounded.ts";
import { type Calls, patient } from "./patient.ts";
import { Wake } from "./wake.ts";

/** How a stream of what is read at a path is made. */
export interface Observed<T> {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  readonly read: (calls: Calls) => Promise<T>;
  readonly same: (a: T, b: T) => boolean;
}

/**
 * Reads once armed, then again after every change at or below `path`, and yields what differs. Reads are
 * linearizable, so what is yielded never goes back in time. Outlasts a missing quorum; ends when the signal
 * fires or the session is closed.
 * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
 */
export async function* observeChanges<T>(
  session: Session,
  { path, signal, read, same }: Observed<T>,
): AsyncGenerator<T, void, undefined> {
  const isEnd = (error: unknown): boolean =>
    signal?.aborted === true || FlotillaError.is(error, "ERR_FLOTILLA_CLOSED");
  const ending = sharedController();
  const calls = patient(session, ending.signal);
  let watch = null as Watch | null;
  const stopListening = listen(signal, (reason) => {
    ending.abort(reason);
    void watch?.close();
  });
  try {
    watch = await calls.watch(path, { kind: "recursive" });
    const following = new Following(watch);
    let last = await read(calls);
    yield last;
    while (await following.changed()) {
      const now = await read(calls);
      if (!same(last, now)) yield (last = now);
    }
  } catch (error) {
    if (!isEnd(error)) throw error;
  } finally {
    stopListening();
    await watch?.close();
  }
}

/** Turns a watch into something to wait for; many events make one change. */
class Following {
  readonly #wake = new Wake();
  readonly #end: Promise<void>;
  #ended = false;

  constructor(watch: Watch) {
    this.#end = this.#follow(watch).finally(() => {
      this.#ended = true;
      this.#wake.notify();
    });
    // Told by the next wait for a change.
    this.#end.catch(() => {});
  }

  /** False when the stream ended in order; rejects when its session is lost. */
  async changed(): Promise<boolean> {
    await this.#wake.next();
    if (!this.#ended) return true;
    await this.#end;
    return false;
  }

  async #follow(watch: Watch): Promise<void> {
    for await (const _ of watch) this.#wake.notify();
  }
}
