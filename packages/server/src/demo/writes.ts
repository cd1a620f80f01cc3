import type { Session } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { Stamps } from "./measure.ts";
import { nowMs, sleep } from "./time.ts";

const everyMs = 20;
const maxInFlight = 500;
const path = "/demo-counter";

/** Writes a counter all the time, without waiting for answers, to see when writes stand still. */
export class Writes {
  readonly stamps: Stamps = new Stamps();
  readonly #session: () => Session | null;
  #next = 1;
  #inFlight = 0;

  constructor(session: () => Session | null) {
    this.#session = session;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const session = this.#session();
      if (session !== null && this.#inFlight < maxInFlight) void this.#write(session);
      await sleep(everyMs, signal);
    }
  }

  async #write(session: Session): Promise<void> {
    this.#inFlight += 1;
    try {
      await session.put(path, String(this.#next++), { timeoutMs: Number.POSITIVE_INFINITY });
      this.stamps.add(nowMs());
    } catch (error) {
      // A session that ended takes its unanswered writes along; the next one goes on.
      if (!FlotillaError.is(error)) throw error;
    } finally {
      this.#inFlight -= 1;
    }
  }
}
