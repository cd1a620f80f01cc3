import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { FlotillaError, readArray, readUint } from "@flotilla/runtime";
import type { Files, OpenFile } from "@flotilla/runtime";
import { isSameSnapshot } from "../core/snapshot-head.ts";
import type { SnapshotHead, SnapshotName } from "../core/snapshot-head.ts";
import { readSealed, seal, unseal } from "./sealed.ts";
import { encodeManifest, readHash, snapshotFiles, snapshotFolder } from "./snapshot-manifest.ts";
import type { SnapshotMeta } from "./snapshot-manifest.ts";

const dataName = `${snapshotFolder}/incoming`;
const recordName = `${snapshotFolder}/incoming-progress`;
const sliceBytes = 256 << 10;
/** So many writes are lost at most when the process dies. */
const writesPerSync = 8;

/** How much of which snapshot was durable. */
interface Progress extends SnapshotName {
  readonly received: number;
  /** CRC-32 of the bytes received. */
  readonly checksum: number;
}

/**
 * A snapshot being received, in order. It survives the process: every few writes the bytes are synced and a sealed
 * record says how many, so that the next attempt at the same snapshot goes on from there. One call at a time.
 */
export class IncomingSnapshot {
  readonly head: SnapshotHead;
  readonly #files: Files;
  readonly #file: OpenFile;
  readonly #hash = createHash("sha256");
  #checksum = 0;
  #received = 0;
  #unsynced = 0;

  private constructor(files: Files, file: OpenFile, head: SnapshotHead) {
    this.#files = files;
    this.#file = file;
    this.head = head;
  }

  /** Goes on with what is there of this very snapshot and proves to be what was received; else begins anew. */
  static async begin(files: Files, head: SnapshotHead): Promise<IncomingSnapshot> {
    const earlier = await readProgress(files);
    if (earlier !== null && isSameSnapshot(earlier, head) && earlier.received <= head.totalBytes) {
      const resumed = new IncomingSnapshot(files, await files.open(dataName), head);
      if (await resumed.#resume(earlier)) return resumed;
      await resumed.#file.close();
    }
    await IncomingSnapshot.forget(files);
    return new IncomingSnapshot(files, await files.open(dataName), head);
  }

  /** Removes what an earlier attempt left. */
  static async forget(files: Files): Promise<void> {
    await files.remove(recordName);
    await files.remove(dataName);
  }

  /** Bytes here, in order. */
  get received(): number {
    return this.#received;
  }

  /** True when every byte is here. */
  get isComplete(): boolean {
    return this.#received === this.head.totalBytes;
  }

  /** Adds the next bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#take(bytes);
    await this.#file.writeAt(this.#received - bytes.length, bytes);
    this.#unsynced += 1;
    if (this.#unsynced >= writesPerSync && !this.isComplete) await this.#save();
  }

  /** True when the bytes are those of the snapshot. Only once they are complete. */
  isWhole(): boolean {
    return this.isComplete && this.#hash.copy().digest("hex") === this.head.hash;
  }

  /** Makes the bytes durable, then the manifest that says so. `seq`: the newest durable batch of the log. */
  async commit(seq: number): Promise<SnapshotMeta> {
    const { last, timeMs, configuration, totalBytes, hash } = this.head;
    const meta = { last, timeMs, configuration, totalBytes, hash, seq, installed: true };
    const { data, manifest } = snapshotFiles(last);
    await this.#file.sync();
    await this.#file.close();
    await this.#files.rename(dataName, data);
    await this.#files.replace(manifest, encodeManifest(meta));
    await this.#files.remove(recordName);
    return meta;
  }

  /** Removes what was received. */
  async abandon(): Promise<void> {
    await this.#file.close();
    await IncomingSnapshot.forget(this.#files);
  }

  /** Keeps what was received for the next attempt. */
  async leave(): Promise<void> {
    if (this.#unsynced > 0) await this.#save();
    await this.#file.close();
  }

  // What is on the disk beyond `received` was never vouched for: it is written over.
  async #resume({ received, checksum }: Progress): Promise<boolean> {
    while (this.#received < received) {
      const length = Math.min(sliceBytes, received - this.#received);
      const slice = await this.#files.readAt(dataName, this.#received, length);
      if (slice?.length !== length) return false;
      this.#take(slice);
    }
    return this.#checksum === checksum;
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#checksum = crc32(bytes, this.#checksum);
    this.#received += bytes.length;
  }

  async #save(): Promise<void> {
    const { last, hash } = this.head;
    await this.#file.sync();
    const record = [last.index, last.term, hash, this.#received, this.#checksum];
    await this.#files.replace(recordName, seal(record, recordName));
    this.#unsynced = 0;
  }
}

// A record that cannot be read costs what it stood for, nothing more.
async function readProgress(files: Files): Promise<Progress | null> {
  const bytes = await files.read(recordName);
  if (bytes === undefined) return null;
  try {
    const value = unseal(bytes, recordName, "the progress of a snapshot");
    return readSealed("the progress of a snapshot", () => {
      const [index, term, hash, received, checksum] = readArray(value, "progress", 5, 5);
      return {
        last: { index: readUint(index, "index"), term: readUint(term, "term") },
        hash: readHash(hash),
        received: readUint(received, "received"),
        checksum: readUint(checksum, "checksum", 0xffff_ffff),
      };
    });
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) return null;
    throw error;
  }
}
