import { crc32 } from "node:zlib";
import type { Store, StoreRange, StoreWrite } from "../disk.ts";
import { FlotillaError } from "../errors.ts";
import { copyOf } from "./copy-of.ts";
import type { DiskCost, DiskDevice } from "./disk-device.ts";
import type { Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";
import { keyBytes, keyText } from "./sorted-bytes.ts";
import type { KeyChange, StoreImage } from "./store-image.ts";

/** What an open store stands on. */
export interface StoreContext {
  readonly scheduler: Scheduler;
  readonly device: DiskDevice;
  readonly life: Life;
  readonly name: string;
  readonly image: StoreImage;
  /** Frees the lock. */
  readonly onClose: () => void;
}

type Entry = readonly [key: Uint8Array, value: Uint8Array];

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new FlotillaError("ERR_FLOTILLA_INTERNAL", "not an error", { cause: error });
}

/** One opening of a simulated store. */
export class SimStore implements Store {
  readonly #context: StoreContext;
  readonly #calls = new Set<Promise<unknown>>();
  #failure: Error | undefined;
  /** Before whoever asked is told. */
  #hasFailed = false;
  #closing: Promise<void> | undefined;

  constructor(context: StoreContext) {
    this.#context = context;
    context.image.open();
  }

  async write(batch: readonly StoreWrite[]): Promise<void> {
    this.#check();
    const { image, device, scheduler } = this.#context;
    let bytes = 0;
    const changes: KeyChange[] = [];
    for (const one of batch) {
      const value = one.type === "put" ? copyOf(one.value) : undefined;
      bytes += one.key.length + (value?.length ?? 0);
      scheduler.hash.word(crc32(value ?? one.key));
      changes.push({ key: keyText(one.key), value });
    }
    if (!this.#context.life.alive) return this.#call("store.write", "sync", bytes, () => {});
    image.begin(changes);
    return this.#call(
      "store.write",
      "sync",
      bytes,
      () => {
        this.#checkWritable();
        image.commit(changes, device.random);
      },
      () => {
        if (!this.#hasFailed) image.fail(changes, device.random.chance(0.5));
      },
    );
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#check();
    const text = keyText(key);
    return this.#call("store.get", "read", 0, () => this.#read(text));
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#check();
    try {
      return this.#read(keyText(key));
    } catch (error) {
      this.#failure ??= asError(error);
      throw error;
    }
  }

  entries(range: StoreRange): AsyncIterable<Entry> {
    let found: readonly Entry[] = [];
    let failure: Error | undefined;
    try {
      this.#check();
      found = this.#keys(range).map((key) => [keyBytes(key), this.#read(key) ?? new Uint8Array()]);
    } catch (error) {
      failure = asError(error);
    }
    return this.#iterate(found, failure);
  }

  async clear(range: StoreRange): Promise<void> {
    this.#check();
    return this.#call("store.clear", "write", 0, () => {
      this.#checkWritable();
      this.#context.image.clear(this.#keys(range));
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { device, life, name, onClose } = this.#context;
    await Promise.allSettled(this.#calls);
    await device.perform(life, { kind: "store.close", about: name, cost: "read", bytes: 0, effect: onClose });
  }

  async *#iterate(found: readonly Entry[], failure: Error | undefined): AsyncGenerator<Entry, void, void> {
    if (failure !== undefined) throw failure;
    await this.#call("store.entries", "read", found.length, () => {});
    yield* found;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failedBefore();
    if (this.#closing !== undefined) {
      throw new FlotillaError("ERR_FLOTILLA_CLOSED", `store ${this.#context.name} is closed`);
    }
  }

  /** Nothing is written behind a failed write, however early it was asked for. */
  #checkWritable(): void {
    if (this.#hasFailed) throw this.#failedBefore();
  }

  #failedBefore(): FlotillaError {
    const { name } = this.#context;
    return new FlotillaError("ERR_FLOTILLA_STORAGE", `store ${name} failed before`, { cause: this.#failure });
  }

  #keys(range: StoreRange): string[] {
    const from = range.from === undefined ? undefined : keyText(range.from);
    const to = range.to === undefined ? undefined : keyText(range.to);
    return this.#context.image.live?.keys(from, to) ?? [];
  }

  #read(key: string): Uint8Array | undefined {
    const { image, name } = this.#context;
    if (image.unreadable.has(key)) {
      throw new FlotillaError("ERR_FLOTILLA_STORAGE", `store ${name}: corrupted block`, {
        details: { reason: "EIO" },
      });
    }
    const value = image.live?.get(key);
    return value === undefined ? undefined : copyOf(value);
  }

  async #call<T>(
    kind: string,
    cost: DiskCost,
    bytes: number,
    effect: () => T,
    failed?: () => void,
  ): Promise<T> {
    const { device, life, name } = this.#context;
    const onFailure = (): void => {
      failed?.();
      this.#hasFailed = true;
    };
    const done = device.perform(life, { kind, about: name, cost, bytes, effect, failed: onFailure });
    this.#calls.add(done);
    try {
      return await done;
    } catch (error) {
      this.#failure ??= asError(error);
      throw error;
    } finally {
      this.#calls.delete(done);
    }
  }
}
