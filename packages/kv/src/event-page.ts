import type { Acl } from "./acl.ts";
import { Change } from "./change.ts";
import type { Before, Family } from "./change.ts";
import { filledArray } from "./filled-array.ts";
import type { SessionId, TreeEvent } from "./types.ts";
import { prefixOf } from "./paths.ts";
import { noBytes } from "./values.ts";
import type { Chunk } from "./values.ts";

const types = ["created", "changed", "deleted"] as const;
/** Numbers of one event, in the order of `write`. */
const stride = 20;
const aversionColumn = 19;
/** Hashes of one event: of its path, and of its parent's when it came or went. */
const hashes = 2;

/** A path, with what is compared first. */
export interface PathKey {
  readonly path: string;
  readonly pathHash: number;
}

/**
 * A fixed number of events, taken apart into columns: as objects, the many events of a history would be the bulk of
 * what the garbage collector walks through.
 */
export class EventPage {
  readonly #numbers: Float64Array;
  readonly #hashes: Int32Array;
  readonly #paths: string[];
  readonly #authors: (SessionId | null)[];
  readonly #chunks: (Chunk | null)[];
  /** Of the values that were replaced. */
  readonly #chunksBefore: (Chunk | null)[];
  /** What few nodes have, by slot. */
  readonly #owners: Map<number, string> = new Map();
  readonly #acls: Map<number, Acl> = new Map();

  constructor(events: number) {
    this.#numbers = new Float64Array(events * stride);
    this.#hashes = new Int32Array(events * hashes);
    this.#paths = filledArray(events, "");
    this.#authors = filledArray(events, null);
    this.#chunks = filledArray(events, null);
    this.#chunksBefore = filledArray(events, null);
  }

  revision(slot: number): number {
    return this.#numbers[slot * stride] ?? 0;
  }

  ordinal(slot: number): number {
    return this.#numbers[slot * stride + 1] ?? 0;
  }

  timeMs(slot: number): number {
    return this.#numbers[slot * stride + 14] ?? 0;
  }

  type(slot: number): TreeEvent["type"] {
    return types[this.#numbers[slot * stride + 2] ?? 0] ?? "changed";
  }

  path(slot: number): string {
    return this.#paths[slot] ?? "";
  }

  /** Of the node; absent where everybody may do everything. */
  acl(slot: number): Acl | undefined {
    return this.#acls.get(slot);
  }

  /** Whether it is a change of the node at a path. */
  isOf(slot: number, { path, pathHash }: PathKey): boolean {
    return this.#hashes[slot * hashes] === pathHash && this.path(slot) === path;
  }

  /** Whether a child of the node at a path came or went. */
  isOfChild(slot: number, { path, pathHash }: PathKey): boolean {
    if (this.#hashes[slot * hashes + 1] !== pathHash || this.type(slot) === "changed") return false;
    const child = this.path(slot);
    const prefix = prefixOf(path);
    return child.startsWith(prefix) && child.lastIndexOf("/") === prefix.length - 1;
  }

  /** Whether a node went that was there at a revision before. */
  isGone(slot: number, revision: number): boolean {
    const at = slot * stride;
    return this.type(slot) === "deleted" && (this.#numbers[at + 5] ?? 0) <= revision;
  }

  /** Of an event that is no `changed`. */
  family(slot: number): Family {
    const of = (column: number): number => this.#numbers[slot * stride + column] ?? 0;
    const pathHash = this.#hashes[slot * hashes + 1] ?? 0;
    return { pathHash, pzxid: of(15), cversion: of(16), numChildren: of(17) };
  }

  /** Bytes of the value that only the history keeps: what was replaced or deleted. */
  valueBytes(slot: number): number {
    const at = slot * stride;
    const type = this.type(slot);
    if (type === "created") return 0;
    return this.#numbers[type === "changed" ? at + 16 : at + 4] ?? 0;
  }

  /** Slots are written in order, each once. */
  write(slot: number, change: Change): void {
    const { stat, value, before } = change;
    const numbers = this.#numbers;
    let at = slot * stride;
    numbers[at] = change.revision;
    numbers[(at += 1)] = change.ordinal;
    numbers[(at += 1)] = types.indexOf(change.type);
    numbers[(at += 1)] = value.at;
    numbers[(at += 1)] = value.length;
    numbers[(at += 1)] = stat.czxid;
    numbers[(at += 1)] = stat.mzxid;
    numbers[(at += 1)] = stat.pzxid;
    numbers[(at += 1)] = stat.ctimeMs;
    numbers[(at += 1)] = stat.mtimeMs;
    numbers[(at += 1)] = stat.version;
    numbers[(at += 1)] = stat.cversion;
    numbers[(at += 1)] = stat.numChildren;
    numbers[(at += 1)] = stat.container ? -1 : (stat.ttlMs ?? 0);
    numbers[(at += 1)] = change.timeMs;
    this.#paths[slot] = change.path;
    this.#authors[slot] = change.by;
    if (stat.ephemeralOwner !== null) this.#owners.set(slot, stat.ephemeralOwner);
    if (change.acl !== undefined) this.#acls.set(slot, change.acl);
    numbers[slot * stride + aversionColumn] = stat.aversion;
    this.#chunks[slot] = value.chunk;
    this.#hashes[slot * hashes] = change.pathHash;
    if ("mzxid" in before) {
      numbers[(at += 1)] = before.at;
      numbers[(at += 1)] = before.length;
      numbers[(at += 1)] = before.mzxid;
      numbers[(at += 1)] = before.mtimeMs;
      this.#chunksBefore[slot] = before.chunk;
      return;
    }
    numbers[(at += 1)] = before.pzxid;
    numbers[(at += 1)] = before.cversion;
    numbers[(at += 1)] = before.numChildren;
    this.#hashes[slot * hashes + 1] = before.pathHash;
  }

  read(slot: number): Change {
    const of = (column: number): number => this.#numbers[slot * stride + column] ?? 0;
    const acl = this.#acls.get(slot);
    const head = {
      revision: of(0),
      ordinal: of(1),
      type: this.type(slot),
      path: this.path(slot),
      pathHash: this.#hashes[slot * hashes] ?? 0,
      by: this.#authors[slot] ?? null,
      timeMs: of(14),
    };
    const stat = {
      czxid: of(5),
      mzxid: of(6),
      pzxid: of(7),
      ctimeMs: of(8),
      mtimeMs: of(9),
      version: of(10),
      cversion: of(11),
      aversion: of(aversionColumn),
      ephemeralOwner: this.#owners.get(slot) ?? null,
      dataLength: of(4),
      numChildren: of(12),
      container: of(13) < 0,
      ttlMs: of(13) > 0 ? of(13) : null,
    };
    const value = { chunk: this.#chunks[slot] ?? noBytes, at: of(3), length: of(4) };
    return new Change(head, stat, value, this.#before(slot), acl);
  }

  /** Lets go of what is large. */
  drop(slot: number): void {
    this.#owners.delete(slot);
    this.#acls.delete(slot);
    this.#chunks[slot] = null;
    this.#chunksBefore[slot] = null;
  }

  #before(slot: number): Before {
    const of = (column: number): number => this.#numbers[slot * stride + column] ?? 0;
    const chunk = this.#chunksBefore[slot] ?? null;
    if (chunk !== null) return { chunk, at: of(15), length: of(16), mzxid: of(17), mtimeMs: of(18) };
    return this.family(slot);
  }
}
