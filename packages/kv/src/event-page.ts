import { Change } from "./change.ts";
import type { TreeEvent } from "./types.ts";
import { bytesAt } from "./values.ts";
import type { Chunk } from "./values.ts";

const types = ["created", "changed", "deleted"] as const;
/** Numbers of one event, in the order of `write`. */
const stride = 14;

/**
 * A fixed number of events, taken apart into columns: as objects, the many events of a history would be the bulk of
 * what the garbage collector walks through.
 */
export class EventPage {
  readonly #numbers: Float64Array;
  readonly #paths: string[] = [];
  readonly #owners: (string | null)[] = [];
  readonly #chunks: (Chunk | null)[] = [];

  constructor(events: number) {
    this.#numbers = new Float64Array(events * stride);
  }

  revision(slot: number): number {
    return this.#numbers[slot * stride] ?? 0;
  }

  ordinal(slot: number): number {
    return this.#numbers[slot * stride + 1] ?? 0;
  }

  path(slot: number): string {
    return this.#paths[slot] ?? "";
  }

  /** Bytes of the value; 0 without a node. */
  valueBytes(slot: number): number {
    return this.#numbers[slot * stride + 4] ?? 0;
  }

  /** Slots are written in order, each once. */
  write(slot: number, event: TreeEvent): void {
    const stat = Change.statOf(event);
    const value = Change.valueOf(event);
    const numbers = this.#numbers;
    let at = slot * stride;
    numbers[at] = event.revision;
    numbers[(at += 1)] = event.ordinal;
    numbers[(at += 1)] = types.indexOf(event.type);
    this.#paths.push(event.path);
    this.#chunks.push(value === null ? null : value.chunk);
    this.#owners.push(stat === null ? null : stat.ephemeralOwner);
    if (stat === null || value === null) return;
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
  }

  read(slot: number): TreeEvent {
    const of = (column: number): number => this.#numbers[slot * stride + column] ?? 0;
    const head = { revision: of(0), ordinal: of(1), type: types[of(2)] ?? "changed", path: this.path(slot) };
    const chunk = this.#chunks[slot] ?? null;
    if (chunk === null) return { ...head, node: null };
    const length = of(4);
    const stat = {
      czxid: of(5),
      mzxid: of(6),
      pzxid: of(7),
      ctimeMs: of(8),
      mtimeMs: of(9),
      version: of(10),
      cversion: of(11),
      aversion: 0,
      ephemeralOwner: this.#owners[slot] ?? null,
      dataLength: length,
      numChildren: of(12),
      container: of(13) < 0,
      ttlMs: of(13) > 0 ? of(13) : null,
    };
    return { ...head, node: { value: bytesAt({ chunk, at: of(3), length }), stat } };
  }

  /** Lets go of the value. */
  drop(slot: number): void {
    this.#chunks[slot] = null;
  }
}
