import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { Instance, Registration } from "./api.ts";
import { bounded, longestWaitMs, orAborted } from "./bounded.ts";
import { patient } from "./patient.ts";
import { readRecord } from "./record.ts";

/** A registration's node. */
export interface Entry {
  readonly path: string;
  /** In its value, and in no other's: tells it from a successor under the same id. */
  readonly key: string;
}

export class SessionRegistration implements Registration {
  readonly instance: Instance;
  readonly #session: Session;
  readonly #entry: Entry;

  constructor(session: Session, entry: Entry, instance: Instance) {
    this.#session = session;
    this.#entry = entry;
    this.instance = instance;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  /** Waits 15 s at most; the withdrawal goes on. */
  deregister(): Promise<void> {
    const bounds = {
      clock: this.#session.clock,
      options: {},
      fallbackMs: longestWaitMs,
      what: `deregistration of ${this.#entry.path}`,
    };
    const withdrawal = withdraw(this.#session, this.#entry);
    return bounded(bounds, (signal) => orAborted(withdrawal, signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deregister();
  }
}

/** Deletes the node while it is that registration, however long it takes; it ends with the session anyway. */
export async function withdraw(session: Session, { path, key }: Entry): Promise<void> {
  const calls = patient(session, undefined);
  try {
    for (;;) {
      const node = await calls.get(path);
      if (node === null || readRecord(node)?.["key"] !== key) return;
      try {
        await calls.multi([{ type: "delete", path, mzxid: node.stat.mzxid }]);
        return;
      } catch (error) {
        if (!hasMoved(error)) throw error;
      }
    }
  } catch (error) {
    if (!session.signal.aborted) throw error;
  }
}

function hasMoved(error: unknown): boolean {
  return FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND") || FlotillaError.is(error, "ERR_FLOTILLA_FENCED");
}
