import type { Session } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { hearAsking } from "./ask-back.ts";
import { bounded, longestWaitMs, orAborted } from "./bounded.ts";
import type { Place } from "./hold.ts";
import { HeldPlace } from "./held-place.ts";
import type { LinePaths } from "./line.ts";
import type { LockHold } from "./lock-api.ts";

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
    return bounded(bounds, (signal) => orAborted(this.#hear(), signal));
  }

  /** For all who call: no bounds of one are those of another. */
  #hear(): Promise<AbortSignal> {
    this.#asked ??= hearAsking(this.#session, this.#paths, this.#name, this.signal).catch(
      (error: unknown) => {
        this.#asked = null;
        throw error;
      },
    );
    return this.#asked;
  }
}
