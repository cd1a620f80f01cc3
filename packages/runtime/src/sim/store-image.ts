import type { KeyedRandom } from "./keyed-random.ts";
import { SortedBytes } from "./sorted-bytes.ts";

/** One change of a batch; without a value it deletes. */
export interface KeyChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

interface AppliedChange {
  readonly key: string;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

type Unsynced =
  | { readonly type: "batch"; readonly changes: readonly KeyChange[] }
  | { readonly type: "clear"; readonly removed: readonly AppliedChange[] };

/** How many batches damage can reach back. */
const historyLength = 512;
/** As when a log file was just begun: what went unsynced into the old one may still be lost. */
const rotationChance = 0.125;

/**
 * One store on a disk. `durable` is what certainly survives; a list of unsynced changes in write
 * order is what may.
 */
export class StoreImage {
  durable: SortedBytes = new SortedBytes();
  /** What the open store reads; undefined while closed. */
  live: SortedBytes | undefined;
  /** Opening fails. */
  isBroken = false;
  /** Reading these fails. */
  readonly unreadable: Set<string> = new Set();
  readonly #unsynced: Unsynced[] = [];
  readonly #history: (readonly AppliedChange[])[] = [];

  /** Batches that damage can still reach. */
  get batches(): number {
    return this.#history.length;
  }

  open(): SortedBytes {
    this.live = this.durable.clone();
    for (const change of this.#unsynced) {
      if (change.type === "clear") for (const { key } of change.removed) this.live.set(key, undefined);
    }
    return this.live;
  }

  /** A batch is on its way. */
  begin(changes: readonly KeyChange[]): void {
    this.#unsynced.push({ type: "batch", changes });
  }

  /** A batch failed: it is there or not, and none behind it will be. */
  fail(changes: readonly KeyChange[], isThere: boolean): void {
    if (isThere) this.#apply(changes);
    for (const one of this.#batches()) this.#forget(one.changes);
  }

  /** A batch is durable, and with it what was written before, except right after a log rotation. */
  commit(changes: readonly KeyChange[], random: KeyedRandom): void {
    const at = this.#unsynced.findIndex((one) => one.type === "batch" && one.changes === changes);
    const earlier = this.#unsynced.slice(0, Math.max(0, at)).filter((one) => one.type === "clear");
    if (earlier.length > 0 && !random.chance(rotationChance)) {
      for (const clear of earlier) {
        this.#sweep(clear.removed, clear.removed.length);
        this.#unsynced.splice(this.#unsynced.indexOf(clear), 1);
      }
    }
    this.#forget(changes);
    for (const { key, value } of changes) this.live?.set(key, value);
    this.#apply(changes);
  }

  /** Removes keys from the open store, unsynced. */
  clear(keys: readonly string[]): void {
    const { live } = this;
    if (live === undefined || keys.length === 0) return;
    const removed = keys.map((key) => ({ key, before: live.get(key), after: undefined }));
    for (const key of keys) live.set(key, undefined);
    this.#unsynced.push({ type: "clear", removed });
  }

  /** Power is lost: a prefix of what was unsynced survives, cut anywhere but inside a batch. */
  crash(random: KeyedRandom): void {
    this.live = undefined;
    const units = this.#unsynced.reduce(
      (sum, one) => sum + (one.type === "batch" ? 1 : one.removed.length),
      0,
    );
    if (units === 0) return;
    let left = random.below(units + 1);
    for (const one of this.#unsynced) {
      if (one.type === "clear") {
        this.#sweep(one.removed, left);
        left -= Math.min(left, one.removed.length);
      } else if (left > 0) {
        this.#apply(one.changes);
        left -= 1;
      }
    }
    this.#unsynced.length = 0;
  }

  /** The process is gone but the system runs on: only the batch on its way is in doubt, none behind it was begun. */
  abandonAll(random: KeyedRandom): void {
    this.live = undefined;
    const [first] = this.#batches();
    if (first !== undefined) this.fail(first.changes, random.chance(0.5));
  }

  /** Undoes `length` batches that end `keepLast` before the newest, as if they were never written. */
  unwrite(length: number, keepLast: number): number {
    const end = Math.max(0, this.#history.length - keepLast);
    const run = this.#history.splice(Math.max(0, end - length), Math.min(length, end));
    for (const batch of run.toReversed()) {
      for (const { key, before, after } of batch.toReversed()) {
        if (this.durable.get(key) === after) this.durable.set(key, before);
      }
    }
    return run.length;
  }

  /** A copy that later changes of this one leave alone; of what is durable only. */
  clone(): StoreImage {
    const copy = new StoreImage();
    copy.durable = this.durable.clone();
    copy.isBroken = this.isBroken;
    for (const key of this.unreadable) copy.unreadable.add(key);
    copy.#history.push(...this.#history);
    return copy;
  }

  #batches(): { readonly changes: readonly KeyChange[] }[] {
    return this.#unsynced.filter((one) => one.type === "batch");
  }

  #forget(changes: readonly KeyChange[]): void {
    const at = this.#unsynced.findIndex((one) => one.type === "batch" && one.changes === changes);
    if (at >= 0) this.#unsynced.splice(at, 1);
  }

  #apply(changes: readonly KeyChange[]): void {
    const applied: AppliedChange[] = [];
    for (const { key, value } of changes) {
      applied.push({ key, before: this.durable.get(key), after: value });
      this.durable.set(key, value);
      this.unreadable.delete(key);
    }
    this.#history.push(applied);
    if (this.#history.length > historyLength * 2) this.#history.splice(0, historyLength);
  }

  /** Makes the first removals of a clear durable. What was written anew under a key stays. */
  #sweep(removed: readonly AppliedChange[], count: number): void {
    let left = count;
    for (const { key, before } of removed) {
      if (left === 0) return;
      left -= 1;
      if (this.durable.get(key) === before) this.durable.set(key, undefined);
    }
  }
}
