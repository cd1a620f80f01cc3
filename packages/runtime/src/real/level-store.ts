import type { Level } from "level";
import type { Store, StoreRange, StoreWrite } from "../disk.ts";
import { FlotillaError } from "../errors.ts";
import type { Entry } from "./level-scan.ts";
import { boundsOf, openScan } from "./level-scan.ts";
import { storageError } from "./storage-error.ts";

/** How many keys are cleared at once: what is written meanwhile waits for no more. */
const clearedKeys = 1000;

export type LevelDatabase = Level<Uint8Array, Uint8Array>;

/** The same bytes without what is special about `Buffer`. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Turn {
  readonly turn: Promise<void>;
  readonly end: () => void;
}

function newTurn(): Turn {
  let end: () => void;
  const turn = new Promise<void>((resolve) => (end = resolve));
  return { turn, end: () => end() };
}

/** A store on one open LevelDB. */
export class LevelStore implements Store {
  readonly #db: LevelDatabase;
  readonly #name: string;
  readonly #onClosed: () => Promise<void>;
  /** Calls under way, for `close` to wait for. */
  readonly #calls = new Set<Promise<unknown>>();
  /** Ends with the last change that was asked for, however that ends. */
  #turn: Promise<void> | undefined;
  #failure: FlotillaError | undefined;
  #closing: Promise<void> | undefined;

  /** @param onClosed called once LevelDB is closed */
  constructor(db: LevelDatabase, name: string, onClosed: () => Promise<void>) {
    this.#db = db;
    this.#name = name;
    this.#onClosed = onClosed;
  }

  write(batch: readonly StoreWrite[]): Promise<void> {
    return this.#call("write to", async () => {
      // It holds copies as of now.
      const chained = this.#db.batch();
      for (const change of batch) {
        if (change.type === "put") chained.put(change.key, change.value);
        else chained.del(change.key);
      }
      await this.#change("write to", () => chained.write({ sync: true }));
    });
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#call("read", async () => plain(await this.#db.get(key)));
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#assertUsable();
    try {
      return plain(this.#db.getSync(key));
    } catch (error) {
      throw this.#poison("read", error);
    }
  }

  entries(range: StoreRange): AsyncIterable<Entry> {
    const scan = this.#refused() === undefined ? this.#openScan(range) : undefined;
    return { [Symbol.asyncIterator]: () => this.#scan(scan) };
  }

  clear(range: StoreRange): Promise<void> {
    return this.#call("clear part of", async () => {
      for (let bounds = boundsOf(range); ;) {
        // From the last one on, so that what was cleared before is not passed over again.
        const [gte] = await this.#db.keys({ ...bounds, limit: 1, fillCache: false }).all();
        if (gte === undefined) return;
        bounds = { ...bounds, gte };
        await this.#change("clear part of", () => this.#db.clear({ ...bounds, limit: clearedKeys }));
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * One at a time, and none after a failure: LevelDB appends what it is asked for meanwhile behind what the failed one
   * left of a record, and all of that would be damage.
   */
  async #change(verb: string, change: () => Promise<void>): Promise<void> {
    const before = this.#turn;
    const { turn, end } = newTurn();
    this.#turn = turn;
    try {
      if (before !== undefined) await before;
      if (this.#failure !== undefined) throw this.#failure;
      await change();
    } catch (error) {
      throw this.#poison(verb, error);
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
      end();
    }
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    try {
      await this.#db.close();
      await this.#onClosed();
    } catch (error) {
      throw this.#poison("close", error);
    }
  }

  /** Made within the call, because LevelDB fixes what a scan sees when its iterator is made. */
  #openScan(range: StoreRange): ReturnType<typeof openScan> | undefined {
    try {
      return openScan(this.#db, range);
    } catch (error) {
      this.#poison("scan", error);
      return undefined;
    }
  }

  async *#scan(scan: ReturnType<typeof openScan> | undefined): AsyncGenerator<Entry, void, undefined> {
    try {
      for (;;) {
        const entries = await this.#call("scan", async () => scan?.next() ?? []);
        if (entries.length === 0) return;
        yield* entries;
      }
    } finally {
      await scan?.close();
    }
  }

  #refused(): FlotillaError | undefined {
    if (this.#closing !== undefined)
      return new FlotillaError("ERR_FLOTILLA_CLOSED", `the store ${this.#name} is closed`);
    return this.#failure;
  }

  #assertUsable(): void {
    const refused = this.#refused();
    if (refused !== undefined) throw refused;
  }

  async #call<T>(verb: string, act: () => Promise<T>): Promise<T> {
    this.#assertUsable();
    const acting = act();
    this.#calls.add(acting);
    try {
      return await acting;
    } catch (error) {
      throw this.#poison(verb, error);
    } finally {
      this.#calls.delete(acting);
    }
  }

  #poison(verb: string, cause: unknown): FlotillaError {
    if (cause instanceof FlotillaError) return cause;
    const error = storageError(`cannot ${verb} the store ${this.#name}`, cause);
    this.#failure ??= error;
    return error;
  }
}
