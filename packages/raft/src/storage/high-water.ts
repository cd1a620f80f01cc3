import { crc32 } from "node:zlib";
import type { Clock, Disk, Files, OpenFile, Timer } from "@flotilla/runtime";
import { damaged } from "./sealed.ts";

const fileName = "high-water";
const nameChecksum = crc32(fileName);
// One slot a sector, so that a torn write harms one of them only.
const slotStride = 512;
const slotBytes = 16;
const seqAt = 4;

// A write costs its batch a trip to another thread: while batches follow one another, one of many pays it.
const pauseMs = 5;
/** A mark that no vote needs is durable this long after it was written. */
const syncMs = 1000;

/** What the mark stands on. */
export interface HighWaterHost {
  readonly clock: Clock;
  readonly disk: Pick<Disk, "files">;
}

/**
 * The number of the newest durable batch, kept outside of the store: a store found below its mark has lost
 * what it promised. The mark is written within 5 ms of the write or sync under way, synced within a second, and at once on demand. Two slots; the one not being
 * written was synced before, so a crash leaves one intact.
 */
export class HighWater {
  readonly #host: HighWaterHost;
  readonly #onFailure: (error: unknown) => void;
  #slot: number;
  #file: OpenFile | null = null;
  #dirty = false;
  #next: number | null = null;
  /** Until then nothing is written unless somebody waits for it, monotonic ms. */
  #restUntilMs = 0;
  #pause: Timer | null = null;
  #due: Timer | null = null;
  #waiting: (() => void)[] = [];
  #flushing: (() => void)[] = [];
  #draining = false;
  #failed = false;

  private constructor(host: HighWaterHost, slot: number, onFailure: (error: unknown) => void) {
    this.#host = host;
    this.#slot = slot;
    this.#onFailure = onFailure;
  }

  /** Writes a file that marks nothing. Durable when it resolves. */
  static async create(files: Files): Promise<void> {
    const bytes = new Uint8Array(2 * slotStride);
    bytes.set(encodeSlot(0), 0);
    bytes.set(encodeSlot(0), slotStride);
    await files.replace(fileName, bytes);
  }

  /** True when there is such a file, whole or not. */
  static async isThere(files: Files): Promise<boolean> {
    return (await files.read(fileName)) !== undefined;
  }

  /**
   * Reads the mark. `onFailure` hears of every later failure.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when file or both slots are gone
   */
  static async open(
    host: HighWaterHost,
    onFailure: (error: unknown) => void,
  ): Promise<{ readonly mark: number; readonly highWater: HighWater }> {
    const bytes = await host.disk.files.read(fileName);
    if (bytes === undefined) throw damaged("the high-water file is missing");
    const first = decodeSlot(bytes.subarray(0, slotBytes));
    const second = decodeSlot(bytes.subarray(slotStride, slotStride + slotBytes));
    if (first === null && second === null) throw damaged("the high-water file does not match its checksums");
    const mark = Math.max(first ?? 0, second ?? 0);
    // The next write goes over the older mark.
    return { mark, highWater: new HighWater(host, first === mark ? 1 : 0, onFailure) };
  }

  /** Notes that batch `seq` is durable. Not synced. */
  note(seq: number): void {
    this.#next = seq;
    this.#startRested();
  }

  /** Makes the newest noted number durable. Never rejects: failures go to `onFailure`, before it resolves. */
  async sync(): Promise<void> {
    if (this.#failed) return;
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#start();
    await done;
  }

  /** Syncs and lets go of the file. Nothing may be called after it. Never rejects. */
  async close(): Promise<void> {
    // One that came due meanwhile would go on after the last sync, and rest once more.
    this.#due?.cancel();
    await this.sync();
    this.#pause?.cancel();
    await this.#file?.close().catch(this.#onFailure);
  }

  /** Writes what was noted, now or at the end of the pause: a timer for each note would cost as much as the note. */
  #startRested(): void {
    if (this.#draining || this.#pause !== null) return;
    const { clock } = this.#host;
    const leftMs = this.#restUntilMs - clock.now();
    if (leftMs <= 0) return this.#start();
    this.#pause = clock.setTimer(leftMs, () => {
      this.#pause = null;
      if (this.#next !== null) this.#start();
    });
  }

  #start(): void {
    if (this.#draining || this.#failed) return;
    this.#draining = true;
    this.#drain().catch((error: unknown) => {
      this.#failed = true;
      this.#onFailure(error);
      for (const resolve of [...this.#flushing, ...this.#waiting]) resolve();
    });
  }

  async #drain(): Promise<void> {
    do {
      this.#flushing = this.#waiting;
      this.#waiting = [];
      await this.#write();
      if (this.#flushing.length > 0) await this.#flush();
      for (const resolve of this.#flushing) resolve();
      this.#flushing = [];
    } while (this.#waiting.length > 0);
    this.#draining = false;
    this.#rest();
  }

  #rest(): void {
    if (this.#dirty) {
      this.#due ??= this.#host.clock.setTimer(syncMs, () => {
        this.#due = null;
        void this.sync();
      });
    }
    this.#restUntilMs = this.#host.clock.now() + pauseMs;
    if (this.#next !== null) this.#startRested();
  }

  async #write(): Promise<void> {
    if (this.#next === null) return;
    const slot = encodeSlot(this.#next);
    this.#next = null;
    this.#dirty = true;
    if (this.#file === null) {
      this.#file = await this.#host.disk.files.open(fileName);
      // An earlier life may have left the newer mark unsynced, and this write goes over the other one.
      await this.#file.sync();
    }
    await this.#file.writeAt(this.#slot * slotStride, slot);
  }

  async #flush(): Promise<void> {
    if (!this.#dirty || this.#file === null) return;
    await this.#file.sync();
    this.#dirty = false;
    this.#slot = 1 - this.#slot;
  }
}

function encodeSlot(seq: number): Uint8Array {
  const slot = new Uint8Array(slotBytes);
  const view = new DataView(slot.buffer);
  view.setUint32(seqAt, Math.floor(seq / 2 ** 32));
  view.setUint32(seqAt + 4, seq >>> 0);
  view.setUint32(0, crc32(slot.subarray(seqAt), nameChecksum));
  return slot;
}

function decodeSlot(slot: Uint8Array): number | null {
  if (slot.length !== slotBytes) return null;
  const view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
  const seq = Number(view.getBigUint64(seqAt));
  const intact = view.getUint32(0) === crc32(slot.subarray(seqAt), nameChecksum);
  return intact && Number.isSafeInteger(seq) ? seq : null;
}
