import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { sharedController } from "../shared-controller.ts";
import { askPath } from "./ask-back.ts";
import { bounded, listen, longestWaitMs } from "./bounded.ts";
import type { Place } from "./hold.ts";
import { HeldPlace } from "./held-place.ts";
import type { LinePaths } from "./line.ts";
import type { LockHold } from "./lock-api.ts";
import { patient } from "./patient.ts";

/** A holding that others may ask for. */
export class HeldLock extends HeldPlace implements LockHold {
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #name: string;
  #asked: Promise<AbortSignal> | null = null;

  constructor(session: Session, paths: LinePaths, { applicant, holding }: Place) {
    super(holding);
    this.#session = session;
    this.#paths = paths;
    this.#name = applicant.name;
  }

  askedBack(options: CallOptions = {}): Promise<AbortSignal> {
    const { clock } = this.#session;
    const what = `listening for requests of ${this.#paths.base}`;
    const bounds = { clock, options, fallbackMs: longestWaitMs, end: this.signal, what };
    return bounded(bounds, async (signal) => {
      this.#asked ??= this.#listen(signal).catch((error: unknown) => {
        this.#asked = null;
        throw error;
      });
      return this.#asked;
    });
  }

  async #listen(signal: AbortSignal): Promise<AbortSignal> {
    const path = askPath(this.#paths, this.#name);
    const watch = await patient(this.#session, signal).watch(path, { initial: true });
    const stopListening = listen(this.signal, () => void watch.close());
    const controller = sharedController();
    void abortWhenAsked(watch, controller, this.#paths.base).finally(stopListening);
    return controller.signal;
  }
}

/** The first event is a snapshot, which has the node when somebody asked before. */
async function abortWhenAsked(watch: Watch, controller: AbortController, base: string): Promise<void> {
  try {
    for await (const event of watch) {
      const isAsked = event.type === "snapshot" ? event.nodes.length > 0 : event.type !== "deleted";
      if (!isAsked) continue;
      controller.abort(new FlotillaError("ERR_FLOTILLA_ASKED_BACK", `${base} is asked back`));
      return;
    }
  } catch {
    // The session is lost, and the holding with it.
  }
}
