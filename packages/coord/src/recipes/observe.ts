import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../client/api.ts";
import { listen } from "./bounded.ts";
import { endable } from "./endable.ts";
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
export function observeChanges<T>(
  session: Session,
  { signal, ...observed }: Observed<T>,
): AsyncGenerator<T, void, undefined> {
  return endable(signal, (ending) => changes(session, observed, ending));
}

async function* changes<T>(
  session: Session,
  { path, read, same }: Omit<Observed<T>, "signal">,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const isEnd = (error: unknown): boolean => signal.aborted || FlotillaError.is(error, "ERR_FLOTILLA_CLOSED");
  const calls = patient(session, signal);
  let watch = null as Watch | null;
  const stopListening = listen(signal, () => void watch?.close());
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
