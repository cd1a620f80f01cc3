import { createHash } from "node:crypto";
import type { Files, OpenFile } from "@flotilla/runtime";
import type { LogId } from "../core/types.ts";
import { encodeManifest, snapshotFiles } from "./snapshot-manifest.ts";
import type { SnapshotMeta } from "./snapshot-manifest.ts";

/** More than so much is never left to one sync, which the log's own would have to wait for. */
const syncBytes = 8 << 20;

/** A snapshot being written: bytes in order, then `commit` or `abandon`. One call at a time. */
export class SnapshotWriter {
  readonly #files: Files;
  readonly #file: OpenFile;
  readonly #last: LogId;
  readonly #hash = createHash("sha256");
  #totalBytes = 0;
  #unsynced = 0;

  private constructor(files: Files, file: OpenFile, last: LogId) {
    this.#files = files;
    this.#file = file;
    this.#last = last;
  }

  /** Begins a snapshot whose files do not exist. */
  static async create(files: Files, last: LogId): Promise<SnapshotWriter> {
    return new SnapshotWriter(files, await files.open(snapshotFiles(last).part), last);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.writeAt(this.#totalBytes, bytes);
    this.#totalBytes += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced < syncBytes) return;
    this.#unsynced = 0;
    await this.#file.sync();
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.#file.close();
    await this.#files.remove(snapshotFiles(this.#last).part);
  }

  /** Makes the bytes durable, then the manifest that says so. */
  async commit(facts: Omit<SnapshotMeta, "last" | "totalBytes" | "hash">): Promise<SnapshotMeta> {
    const { part, data, manifest } = snapshotFiles(this.#last);
    const hash = this.#hash.digest("hex");
    const meta = { ...facts, last: this.#last, totalBytes: this.#totalBytes, hash };
    await this.#file.sync();
    await this.#file.close();
    await this.#files.rename(part, data);
    await this.#files.replace(manifest, encodeManifest(meta));
    return meta;
  }
}
