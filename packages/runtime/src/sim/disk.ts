import type { Disk, Store } from "../disk.ts";
import { FlotillaError, invariant } from "../errors.ts";
import { checkFileName } from "../file-name.ts";
import type { WriteStage } from "./disk-device.ts";
import { DiskDevice } from "./disk-device.ts";
import { FileImage } from "./file-image.ts";
import { SimFiles } from "./files.ts";
import type { Life } from "./life.ts";
import type { Latency } from "./link.ts";
import type { Scheduler } from "./scheduler.ts";
import { keyBytes, keyText } from "./sorted-bytes.ts";
import { StoreImage } from "./store-image.ts";
import { SimStore } from "./store.ts";

/** What a store certainly still holds after a power loss now. */
export interface DurableStore {
  get(key: Uint8Array): Uint8Array | undefined;
  /** In key order. */
  entries(): [key: Uint8Array, value: Uint8Array][];
}

/** How a damaged value shows: silently wrong, silently gone, or as an error when read. */
export type ValueDamage = "flip" | "lose" | "unreadable";

/** The content of a disk at one moment. */
export interface DiskImage {
  /** @internal */
  readonly stores: ReadonlyMap<string, StoreImage>;
  /** @internal */
  readonly files: FileImage;
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = bit >> 3;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** The disk of one machine, which outlives its processes, and its faults. */
export class SimDisk {
  readonly #scheduler: Scheduler;
  readonly #device: DiskDevice;
  readonly #locks = new Map<string, Life>();
  #stores = new Map<string, StoreImage>();
  #files: FileImage = new FileImage();

  constructor(scheduler: Scheduler, node: string) {
    this.#scheduler = scheduler;
    this.#device = new DiskDevice(scheduler, node);
  }

  /** How long a sync takes. Default 0.2 ms at least, 1 ms on average. */
  setSyncLatency(latency: Latency): void {
    this.#device.syncLatency = latency;
  }

  /** Makes every sync take this much longer; 0 ends it. */
  slow(extraMs: number): void {
    this.#device.slowMs = extraMs;
  }

  /** No write completes until `unstick`; reads do. */
  stick(): void {
    this.#device.stick();
  }

  /** Ends `stick`: what waits completes. */
  unstick(): void {
    this.#device.unstick();
  }

  /** For how long a call waits for `unstick`, virtual ms; 0 while none does. */
  get stuckForMs(): number {
    return this.#device.stuckForMs;
  }

  /** Makes the next write of any kind, or the next synced one, reject; its data may be there all the same. */
  failNext(cost: "write" | "sync" = "write"): void {
    this.#device.failNext(cost);
  }

  /** Out of space: writes reject and stores do not open, until set to false. */
  setFull(isFull: boolean): void {
    this.#device.isFull = isFull;
  }

  /** Sees every synced write begin and become durable. Returns how to stop. */
  onWrite(observer: (stage: WriteStage, about: string) => void): () => void {
    return this.#device.onWrite(observer);
  }

  /** What a store certainly holds after a power loss now; unsynced deletions do not count yet. */
  durableStore(name: string): DurableStore {
    const image = this.#stores.get(name);
    return {
      get: (key) => image?.durable.get(keyText(key)),
      entries: () => (image?.durable.entries() ?? []).map(([key, value]) => [keyBytes(key), value]),
    };
  }

  /** The synced content of a file whose name is durable. */
  durableFile(name: string): Uint8Array | undefined {
    return this.#files.durable.get(name)?.durable();
  }

  /** A file as the system shows it: what a process left there that was killed without a power loss. */
  shownFile(name: string): Uint8Array | undefined {
    return this.#files.shown.get(name)?.shown();
  }

  /** Names that certainly survive a power loss now, sorted. */
  durableFiles(): string[] {
    return [...this.#files.durable.keys()].toSorted();
  }

  /** Names of the stores, sorted. */
  stores(): string[] {
    return [...this.#stores.keys()].toSorted();
  }

  /**
   * Takes away `length` batches in a row, as one damaged block of a log does, and leaves the newest
   * `keepLast`. Returns how many are gone. Only while the store is closed, as every damage below.
   */
  loseBatches(store: string, length: number, keepLast: number): number {
    return this.#closed(store).unwrite(length, keepLast);
  }

  /** Cuts the store to what it was `length` batches ago. Returns how many are gone. */
  cutStore(store: string, length: number): number {
    return this.#closed(store).unwrite(length, 0);
  }

  /** Empties the store, which then opens without an error. */
  emptyStore(store: string): void {
    this.#closed(store);
    this.#stores.set(store, new StoreImage());
  }

  /** Damages values drawn at random, at most `count`. Returns their keys, in order. */
  rotValues(store: string, count: number, damage: ValueDamage): Uint8Array[] {
    const image = this.#closed(store);
    const { random } = this.#device;
    const keys = image.durable.keys(undefined, undefined);
    const hit: string[] = [];
    while (hit.length < count && keys.length > 0) {
      const [key] = keys.splice(random.below(keys.length), 1);
      if (key !== undefined) hit.push(key);
    }
    for (const key of hit) this.#damage(image, key, damage);
    return hit.toSorted().map((key) => keyBytes(key));
  }

  /** Makes opening the store fail, or work again. */
  breakStore(store: string, isBroken = true): void {
    this.#closed(store).isBroken = isBroken;
  }

  /** Flips one bit of a file, drawn at random. */
  flipFile(name: string): void {
    const bytes = this.shownFile(name);
    if (bytes === undefined || bytes.length === 0) return;
    this.#files.tamper(name, flipBit(bytes, this.#device.random.below(bytes.length * 8)));
  }

  /** Cuts a file to its first bytes. */
  truncateFile(name: string, length: number): void {
    const bytes = this.shownFile(name);
    if (bytes !== undefined) this.#files.tamper(name, bytes.subarray(0, length));
  }

  /** Takes a file away. */
  loseFile(name: string): void {
    this.#files.tamper(name, undefined);
  }

  /** Puts a file there, as an operator may. */
  putFile(name: string, bytes: Uint8Array): void {
    this.#files.tamper(name, bytes);
  }

  /** Takes everything away. */
  wipe(): void {
    this.restore({ stores: new Map(), files: new FileImage() });
  }

  /** What is durable now, to be restored later or elsewhere. */
  image(): DiskImage {
    const stores = new Map<string, StoreImage>();
    for (const [name, image] of this.#stores) stores.set(name, image.clone());
    return { stores, files: this.#files.clone() };
  }

  /** Puts an image in the place of everything: a rolled-back or foreign disk. Only while no store is open. */
  restore(image: DiskImage): void {
    invariant(this.#locks.size === 0, "DiskClosed");
    this.#stores = new Map();
    for (const [name, store] of image.stores) this.#stores.set(name, store.clone());
    this.#files = image.files.clone();
  }

  /** Exchanges the content of two disks, as when two are mixed up. Only while no store is open. */
  swapWith(other: SimDisk): void {
    const mine = this.image();
    this.restore(other.image());
    other.restore(mine);
  }

  /** Healthy and quick again; damage stays. */
  heal(): void {
    this.slow(0);
    this.setFull(false);
    this.unstick();
  }

  /** @internal The disk as one process sees it. */
  host(life: Life): Disk {
    return {
      openStore: (name) => this.#open(life, name),
      files: new SimFiles(this.#scheduler, this.#device, life, () => this.#files),
    };
  }

  /** @internal Its processes are gone. With `isPowerLoss` so is what was not synced. */
  lifeEnded(isPowerLoss: boolean): void {
    this.#locks.clear();
    this.#device.forgetCalls();
    const { random } = this.#device;
    for (const name of this.stores()) {
      const image = this.#stores.get(name);
      if (isPowerLoss) image?.crash(random);
      else image?.abandonAll(random);
    }
    if (isPowerLoss) this.#files.crash(random);
    else this.#files.abandonAll(random);
  }

  async #open(life: Life, name: string): Promise<Store> {
    checkFileName(name);
    if (this.#locks.has(name)) {
      throw new FlotillaError("ERR_FLOTILLA_LOCKED", `store ${name} is open already`);
    }
    if (life.alive) this.#locks.set(name, life);
    return this.#device.perform(life, {
      kind: "store.open",
      about: name,
      cost: "read",
      bytes: 0,
      effect: () => this.#opened(life, name),
    });
  }

  #opened(life: Life, name: string): Store {
    const image = this.#stores.get(name) ?? new StoreImage();
    if (image.isBroken || this.#device.isFull) {
      this.#locks.delete(name);
      const why = image.isBroken ? "corrupted manifest" : "no space left on device";
      const details = { reason: image.isBroken ? "EIO" : "ENOSPC" };
      throw new FlotillaError("ERR_FLOTILLA_STORAGE", `cannot open store ${name}: ${why}`, { details });
    }
    this.#stores.set(name, image);
    return new SimStore({
      scheduler: this.#scheduler,
      device: this.#device,
      life,
      name,
      image,
      onClose: () => {
        image.live = undefined;
        this.#locks.delete(name);
      },
    });
  }

  #closed(store: string): StoreImage {
    invariant(!this.#locks.has(store), "StoreClosed", { store });
    const image = this.#stores.get(store);
    invariant(image !== undefined, "StoreKnown", { store });
    return image;
  }

  #damage(image: StoreImage, key: string, damage: ValueDamage): void {
    const value = image.durable.get(key);
    if (damage === "unreadable") image.unreadable.add(key);
    else if (damage === "lose") image.durable.set(key, undefined);
    else if (value !== undefined && value.length > 0) {
      image.durable.set(key, flipBit(value, this.#device.random.below(value.length * 8)));
    }
  }
}
