import type { Level } from "level";
import type { Store, StoreRange, StoreWrite } from "../disk.ts";
import { FlotillaError } from "../errors.ts";
import type { Entry } from "./level-scan.ts";
import { openScan } from "./level-scan.ts";
import { storageError } from "./storage-error.ts";

export type LevelDatabase = Level<Uint8Array, Uint8Array>;

/** The same bytes without what is special about `Buffer`. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A store on one open LevelDB. */
export class LevelStore implements Store {
  readonly #db: LevelDatabase;
  readonly #name: string;
  /** Calls under way, for `close` to wait for. */
  readonly #calls = new Set<Promise<unknown>>();
  #failure: FlotillaError | undefined;
  #closing: Promise<void> | undefined;

  constructor(db: LevelDatabase, name: string) {
    this.#db = db;
    this.#name = name;
  }

  write(batch: readonly StoreWrite[]): Promise<void> {
    return this.#call("write to", async () => {
      const chained = this.#db.batch();
      for (const change of batch) {
        if (change.type === "put") chained.put(change.key, change.value);
        else chained.del(change.key);
      }
      await chained.write({ sync: true });
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
    const { from, to } = range;
    const bounds = { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lt: to }) };
    return this.#call("clear part of", () => this.#db.clear(bounds));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    try {
      await this.#db.close();
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
    const error = storageError(`cannot ${verb} the store ${this.#name}`, cause);
    this.#failure ??= error;
    return error;
  }
}
