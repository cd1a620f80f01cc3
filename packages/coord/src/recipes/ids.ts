import { FlotillaError } from "@flotilla/runtime";
import type { Session, WriteOptions } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { bounded, longestWaitMs, orAborted } from "./bounded.ts";
import type { Ids, IdsOptions } from "./counter-api.ts";
import { addAt, requireInteger } from "./counted.ts";
import { segment } from "./names.ts";

const most = Number.MAX_SAFE_INTEGER;
/** Ids of one block at most. */
const maxBlock = 1_000_000;

/**
 * Ids for whoever asks, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createIds(session: Session, name: string, options: IdsOptions = {}): Ids {
  return new SessionIds(session, segment(name, "name"), options);
}

class SessionIds implements Ids {
  readonly name: string;
  readonly path: string;
  readonly #session: Session;
  readonly #start: number;
  readonly #block: number;
  /** What is left of the block: from the first up to and without the second. */
  #nextId = 0;
  #end = 0;
  #refilling: Promise<void> | null = null;

  constructor(session: Session, name: string, { start = 1, block = 1 }: IdsOptions) {
    this.name = name;
    this.path = `/ids/${name}`;
    this.#session = session;
    this.#start = requireInteger(start, "start", -most, most);
    this.#block = requireInteger(block, "block", 1, maxBlock);
  }

  async next(options: CallOptions = {}): Promise<number> {
    if (this.#block === 1) return (await this.take(1, options)).first;
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: longestWaitMs, end, what: `next id of ${this.path}` };
    return bounded(bounds, async (signal) => {
      while (this.#nextId >= this.#end) await orAborted(this.#refilled(), signal);
      this.#nextId += 1;
      return this.#nextId - 1;
    });
  }

  async take(
    count: number,
    options: WriteOptions = {},
  ): Promise<{ readonly first: number; readonly end: number }> {
    requireInteger(count, "count", 1, maxBlock);
    const end = this.#start + (await addAt(this.#session, this.path, count, options));
    if (!Number.isSafeInteger(end))
      throw new FlotillaError("ERR_FLOTILLA_LIMIT", `${this.path}: there are no ids beyond 2^53 - 1`);
    return { first: end - count, end };
  }

  /** One command for all who wait: no abort and no time of one of them is that of the others. */
  #refilled(): Promise<void> {
    this.#refilling ??= this.#refill().finally(() => {
      this.#refilling = null;
    });
    return this.#refilling;
  }

  async #refill(): Promise<void> {
    const { signal } = this.#session;
    const { first, end } = await this.take(this.#block, { signal, timeoutMs: Infinity });
    this.#nextId = first;
    this.#end = end;
  }
}
