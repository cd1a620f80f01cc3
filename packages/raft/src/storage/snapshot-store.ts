import { crc32 } from "node:zlib";
import { FlotillaError } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import type { LogId } from "../core/types.ts";
import { damaged } from "./sealed.ts";
import {
  decodeManifest,
  encodeManifest,
  manifestTarget,
  snapshotFiles,
  snapshotFolder,
} from "./snapshot-manifest.ts";
import type { SnapshotMeta } from "./snapshot-manifest.ts";

const kept = 2;

/** A snapshot being written: bytes in order, then `commit` or nothing. */
export class SnapshotWriter {
  readonly #files: Files;
  readonly #last: LogId;
  #totalBytes = 0;
  #checksum = 0;

  constructor(files: Files, last: LogId) {
    this.#files = files;
    this.#last = last;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** CRC-32 of the bytes so far. */
  get checksum(): number {
    return this.#checksum;
  }

  /** Adds bytes; one call at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#totalBytes += bytes.length;
    this.#checksum = crc32(bytes, this.#checksum);
    await this.#files.append(snapshotFiles(this.#last).part, bytes);
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.#files.remove(snapshotFiles(this.#last).part);
  }

  /** Makes the bytes durable, then the manifest that says so. */
  async commit(facts: Omit<SnapshotMeta, "last" | "totalBytes" | "checksum">): Promise<SnapshotMeta> {
    const { part, data, manifest } = snapshotFiles(this.#last);
    const meta = { ...facts, last: this.#last, totalBytes: this.#totalBytes, checksum: this.#checksum };
    await this.#files.append(part, new Uint8Array(0));
    await this.#files.sync(part);
    await this.#files.rename(part, data);
    await this.#files.replace(manifest, encodeManifest(meta));
    return meta;
  }
}

/** Snapshots in plain files beside the store. A snapshot exists once its manifest does. */
export class SnapshotStore {
  readonly #files: Files;
  // Invariant: ascending by index, each with an intact manifest.
  #metas: SnapshotMeta[];

  private constructor(files: Files, metas: SnapshotMeta[]) {
    this.#files = files;
    this.#metas = metas;
  }

  /** Finds the snapshots and removes unfinished ones. A broken manifest is passed over. */
  static async open(files: Files): Promise<SnapshotStore> {
    const metas: SnapshotMeta[] = [];
    for (const name of await files.list(snapshotFolder)) {
      if (name.endsWith(".part")) await files.remove(`${snapshotFolder}/${name}`);
      const last = manifestTarget(name);
      const meta = last === null ? null : await readManifest(files, last);
      if (meta !== null) metas.push(meta);
    }
    metas.sort((a, b) => a.last.index - b.last.index || a.last.term - b.last.term);
    return new SnapshotStore(files, metas);
  }

  /** Ascending by index. */
  get all(): readonly SnapshotMeta[] {
    return this.#metas;
  }

  get newest(): SnapshotMeta | null {
    return this.#metas.at(-1) ?? null;
  }

  /**
   * Reads a whole snapshot and verifies it.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE`
   */
  async load(meta: SnapshotMeta): Promise<Uint8Array> {
    const { index, term } = meta.last;
    const bytes = await this.#files.read(snapshotFiles(meta.last).data);
    if (bytes === undefined) throw damaged(`snapshot ${index}-${term} is missing`);
    if (bytes.length !== meta.totalBytes || crc32(bytes) !== meta.checksum) {
      throw damaged(`snapshot ${index}-${term} does not match its checksum`);
    }
    return bytes;
  }

  /** Begins a snapshot. What an earlier attempt at the same entry left is removed. */
  async create(last: LogId): Promise<SnapshotWriter> {
    const { part, manifest, data } = snapshotFiles(last);
    await this.#forget(last, [manifest, data, part]);
    return new SnapshotWriter(this.#files, last);
  }

  /** Takes up a finished snapshot and removes all but the newest two. */
  async adopt(meta: SnapshotMeta): Promise<void> {
    this.#metas.push(meta);
    this.#metas.sort((a, b) => a.last.index - b.last.index || a.last.term - b.last.term);
    for (const old of this.#metas.slice(0, -kept)) await this.remove(old);
  }

  /** Removes a snapshot; the manifest goes first. */
  async remove(meta: SnapshotMeta): Promise<void> {
    const { manifest, data } = snapshotFiles(meta.last);
    await this.#forget(meta.last, [manifest, data]);
  }

  async #forget(last: LogId, names: readonly string[]): Promise<void> {
    this.#metas = this.#metas.filter(
      (meta) => meta.last.index !== last.index || meta.last.term !== last.term,
    );
    for (const name of names) await this.#files.remove(name);
  }
}

async function readManifest(files: Files, last: LogId): Promise<SnapshotMeta | null> {
  const bytes = await files.read(snapshotFiles(last).manifest);
  if (bytes === undefined) return null;
  try {
    return decodeManifest(bytes, last);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) return null;
    throw error;
  }
}
