import type { MultiItem, Session } from "../../client/api.ts";
import { attempt } from "../grant.ts";
import { type Calls, patient } from "../patient.ts";
import { maxAtOnce } from "./paths.ts";

interface Release {
  readonly path: string;
  readonly epoch: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Gives shards up, however long it takes: those of one moment by one command. */
export class Releases {
  readonly #session: Session;
  readonly #calls: Calls;
  #waiting: Release[] = [];
  #isFlushing = false;

  constructor(session: Session) {
    this.#session = session;
    this.#calls = patient(session, undefined);
  }

  /** Resolves when the node is gone, or is another's; with the session at the latest. */
  add(path: string, epoch: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ path, epoch, resolve, reject });
      if (!this.#isFlushing) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    // Whatever ends with this one is told in the same turn.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxAtOnce);
      try {
        await this.#remove(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const isOver = this.#session.signal.aborted;
        for (const { resolve, reject } of batch)
          if (isOver) resolve();
          else reject(error);
      }
    }
    this.#isFlushing = false;
  }

  async #remove(batch: readonly Release[]): Promise<void> {
    const items = batch.map(({ path, epoch }): MultiItem => ({ type: "delete", path, mzxid: epoch }));
    if ((await attempt(this.#calls, items)) !== null) return;
    // One of them is gone already, or another's.
    for (const item of items) await attempt(this.#calls, [item]);
  }
}
