import type { Entry } from "../core/entry.ts";
import type { Index } from "../core/types.ts";

/** The newest entries of the log, contiguous, bounded by the bytes of their frames. */
export class EntryCache {
  readonly #maxBytes: number;
  #entries: Entry[] = [];
  #start = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Index of the oldest entry held; infinite when there is none. */
  get first(): Index {
    return this.#entries[this.#start]?.index ?? Number.POSITIVE_INFINITY;
  }

  /** Adds entries that follow what is held. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entry.frame.length;
    }
    while (this.#bytes > this.#maxBytes) this.#dropOldest();
    this.#squeeze();
  }

  /** Entry `index`, or undefined when it is not held. */
  get(index: Index): Entry | undefined {
    return index < this.first ? undefined : this.#entries[this.#start + index - this.first];
  }

  truncateFrom(index: Index): void {
    while (this.#entries.length > this.#start && (this.#entries.at(-1)?.index ?? 0) >= index) {
      this.#bytes -= this.#entries.pop()?.frame.length ?? 0;
    }
    if (this.#entries.length === this.#start) this.clear();
  }

  clear(): void {
    this.#entries = [];
    this.#start = 0;
    this.#bytes = 0;
  }

  #dropOldest(): void {
    this.#bytes -= this.#entries[this.#start]?.frame.length ?? 0;
    this.#start += 1;
    if (this.#start === this.#entries.length) this.clear();
  }

  #squeeze(): void {
    if (this.#start < 1024 || this.#start * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
  }
}
