import { createHash } from "node:crypto";
import { FlotillaError } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import { isSameSnapshot } from "../core/snapshot-head.ts";
import type { SnapshotHead, SnapshotName } from "../core/snapshot-head.ts";
import type { LogId } from "../core/types.ts";
import { IncomingSnapshot } from "./incoming-snapshot.ts";
import { damaged } from "./sealed.ts";
import { manifestTarget, readManifest, snapshotFiles, snapshotFolder } from "./snapshot-manifest.ts";
import type { SnapshotMeta } from "./snapshot-manifest.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";

const kept = 2;
const sliceBytes = 256 << 10;

/**
 * Snapshots in plain files beside the store. A snapshot exists once its manifest does. The newest two are kept,
 * and those that somebody is reading.
 */
export class SnapshotStore {
  readonly #files: Files;
  // Invariant: ascending by index, each with an intact manifest.
  #metas: SnapshotMeta[];
  readonly #verified = new Set<SnapshotMeta>();
  readonly #damaged = new Set<SnapshotMeta>();
  readonly #readers = new Map<SnapshotMeta, number>();
  /** Those whose manifest is broken: they say nothing any more, but what there was is not touched before there is more. */
  #broken: LogId[];

  private constructor(files: Files, metas: SnapshotMeta[], broken: LogId[]) {
    this.#files = files;
    this.#metas = metas;
    this.#broken = broken;
  }

  /** Finds the snapshots and removes unfinished ones. One whose manifest is broken is passed over. */
  static async open(files: Files): Promise<SnapshotStore> {
    const metas: SnapshotMeta[] = [];
    const broken: LogId[] = [];
    const names = await files.list(snapshotFolder);
    for (const name of names) {
      if (isLeftover(name, names)) await files.remove(`${snapshotFolder}/${name}`);
      const last = manifestTarget(name);
      if (last === null) continue;
      const meta = await readManifest(files, last);
      if (meta === null) broken.push(last);
      else metas.push(meta);
    }
    return new SnapshotStore(files, metas.toSorted(byLast), broken);
  }

  /** Ascending by index. */
  get all(): readonly SnapshotMeta[] {
    return this.#metas;
  }

  get newest(): SnapshotMeta | null {
    return this.#metas.at(-1) ?? null;
  }

  /** The snapshot of that name, unless its bytes are known to be damaged. */
  find(name: SnapshotName): SnapshotMeta | null {
    return this.#metas.find((meta) => isSameSnapshot(meta, name) && !this.#damaged.has(meta)) ?? null;
  }

  /**
   * The bytes of a snapshot in order, 256 KiB at a time. Whether they are whole shows at the end.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE`
   */
  async *slices(meta: SnapshotMeta): AsyncGenerator<Uint8Array, void> {
    const hash = createHash("sha256");
    for (let at = 0; at < meta.totalBytes; at += sliceBytes) {
      const slice = await this.read(meta, at, Math.min(sliceBytes, meta.totalBytes - at));
      hash.update(slice);
      yield slice;
    }
    const { index, term } = meta.last;
    if (hash.digest("hex") === meta.hash) {
      this.#verified.add(meta);
      return;
    }
    this.#damaged.add(meta);
    throw damaged(`snapshot ${index}-${term} does not match its checksum`);
  }

  /**
   * Part of a snapshot, as it lies on the disk.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when it is not all there, `ERR_FLOTILLA_STORAGE`
   */
  async read(meta: SnapshotMeta, offset: number, length: number): Promise<Uint8Array> {
    const { index, term } = meta.last;
    const bytes = await this.#files.readAt(snapshotFiles(meta.last).data, offset, length);
    if (bytes?.length === length) return bytes;
    this.#damaged.add(meta);
    throw damaged(`snapshot ${index}-${term} is missing or cut short`);
  }

  /**
   * True when the bytes of a snapshot are whole; read once in this life.
   * @throws FlotillaError `ERR_FLOTILLA_STORAGE`
   */
  async isIntact(meta: SnapshotMeta): Promise<boolean> {
    if (this.#verified.has(meta) || this.#damaged.has(meta)) return !this.#damaged.has(meta);
    try {
      await this.prove(meta);
      return true;
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) throw error;
      return false;
    }
  }

  /**
   * Reads all of a snapshot, whatever is known of it: it was whole once, and may have gone bad on the disk since.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE`
   */
  async prove(meta: SnapshotMeta): Promise<void> {
    for await (const _ of this.slices(meta));
  }

  /** Keeps a snapshot while somebody reads it; the result lets go of it. */
  hold(meta: SnapshotMeta): () => void {
    this.#readers.set(meta, (this.#readers.get(meta) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#readers.get(meta) ?? 0) - 1;
      if (left > 0) this.#readers.set(meta, left);
      else this.#readers.delete(meta);
    };
  }

  /** Begins a snapshot. What an earlier attempt at the same entry left is removed. */
  async create(last: LogId): Promise<SnapshotWriter> {
    const { part, manifest, data } = snapshotFiles(last);
    await this.#forget(last, [manifest, data, part]);
    return SnapshotWriter.create(this.#files, last);
  }

  /** Begins to receive a snapshot, or goes on where an earlier attempt at the same one was durable. */
  async receive(head: SnapshotHead): Promise<IncomingSnapshot> {
    return IncomingSnapshot.begin(this.#files, head);
  }

  /** Removes what is left of a snapshot that nobody receives any more. */
  async forgetIncoming(): Promise<void> {
    await IncomingSnapshot.forget(this.#files);
  }

  /** Makes a received snapshot durable as one that may reach beyond the log. `seq`: the newest durable batch. */
  async finish(incoming: IncomingSnapshot, seq: number): Promise<SnapshotMeta> {
    const { manifest, data } = snapshotFiles(incoming.head.last);
    await this.#forget(incoming.head.last, [manifest, data]);
    const meta = await incoming.commit(seq);
    await this.adopt(meta);
    return meta;
  }

  /** Takes up a finished snapshot and removes those it makes dispensable. */
  async adopt(meta: SnapshotMeta): Promise<void> {
    this.#verified.add(meta);
    const others = this.#metas.filter((each) => byLast(each, meta) !== 0);
    this.#metas = [...others, meta].toSorted(byLast);
    const sound = this.#metas.filter((each) => !this.#damaged.has(each));
    const wanted = new Set(sound.slice(-kept));
    for (const old of this.#metas) if (!wanted.has(old) && !this.#readers.has(old)) await this.remove(old);
    for (const last of this.#broken) if (byLast({ last }, meta) < 0) await this.remove({ last });
  }

  /** Removes a snapshot; the manifest goes first. */
  async remove({ last }: Pick<SnapshotMeta, "last">): Promise<void> {
    const { manifest, data } = snapshotFiles(last);
    await this.#forget(last, [manifest, data]);
  }

  async #forget(last: LogId, names: readonly string[]): Promise<void> {
    const gone = this.#metas.filter((meta) => byLast(meta, { last }) === 0);
    this.#metas = this.#metas.filter((meta) => !gone.includes(meta));
    this.#broken = this.#broken.filter((each) => byLast({ last: each }, { last }) !== 0);
    for (const meta of gone) {
      this.#verified.delete(meta);
      this.#damaged.delete(meta);
    }
    for (const name of names) await this.#files.remove(name);
  }
}

function byLast(a: Pick<SnapshotMeta, "last">, b: Pick<SnapshotMeta, "last">): number {
  return a.last.index - b.last.index || a.last.term - b.last.term;
}

// An own snapshot cut short, or bytes whose manifest was never written.
function isLeftover(name: string, names: readonly string[]): boolean {
  return (
    name.endsWith(".part") || (name.endsWith(".data") && !names.includes(name.replace(/data$/, "manifest")))
  );
}
