import type { Entry } from "../entry.ts";
import type { Index } from "../types.ts";

/** The tail of the log in memory: contiguous, newest last. */
export class Window {
  #entries: Entry[] = [];
  #head = 0;
  #bytes = 0;
  #next: Index;

  /** `next`: index of the first entry to come. */
  constructor(next: Index) {
    this.#next = next;
  }

  /** Index of the oldest entry held; that of the next entry to come when there is none. */
  get first(): Index {
    return this.#next - (this.#entries.length - this.#head);
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.frame.length;
    this.#next += 1;
  }

  get(index: Index): Entry | undefined {
    return index < this.first ? undefined : this.#entries[this.#head + index - this.first];
  }

  /** Drops every entry at or above `index`; `index` becomes the next. */
  truncateFrom(index: Index): void {
    while (this.#next > index && this.#entries.length > this.#head) {
      this.#bytes -= this.#entries.pop()?.frame.length ?? 0;
      this.#next -= 1;
    }
    this.#next = index;
  }

  /** Forgets the oldest entries, but none above `index`, until at most `maxBytes` are held. */
  shrink(maxBytes: number, index: Index): void {
    while (this.#bytes > maxBytes && this.first <= index && this.#head < this.#entries.length) this.#shift();
    this.#squeeze();
  }

  /** Forgets every entry at or below `index`. */
  forgetTo(index: Index): void {
    while (this.first <= index && this.#head < this.#entries.length) this.#shift();
    this.#squeeze();
  }

  #shift(): void {
    this.#bytes -= this.#entries[this.#head]?.frame.length ?? 0;
    this.#head += 1;
  }

  #squeeze(): void {
    if (this.#head < 1024 && this.#head < this.#entries.length) return;
    if (this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
