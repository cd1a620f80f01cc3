import { invariant } from "@flotilla/runtime";
import type { Entry } from "../entry.ts";
import type { Index } from "../types.ts";

/** How much of the log to hand out at once: at least one entry, then as many as fit. */
export interface Budget {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Where to stop when `entries` are handed out from position `from`, at most to position `end`, excluded. */
export function endOfTake(entries: readonly Entry[], from: number, end: number, budget: Budget): number {
  const most = Math.min(end, from + budget.maxEntries);
  let bytes = 0;
  for (let position = from; position < most; position += 1) {
    bytes += entries[position]?.frame.length ?? 0;
    if (bytes > budget.maxBytes && position > from) return position;
  }
  return most;
}

/** The tail of the log in memory: contiguous, newest last. */
export class Window {
  #entries: Entry[] = [];
  #head = 0;
  #bytes = 0;
  #next: Index;
  // What was handed out last: every peer, the disk and the state machine mostly ask for the same.
  #taken: readonly Entry[] = [];

  /** `next`: index of the first entry to come. */
  constructor(next: Index) {
    this.#next = next;
  }

  /** Index of the oldest entry held; that of the next entry to come when there is none. */
  get first(): Index {
    return this.#next - (this.#entries.length - this.#head);
  }

  /** Frames held, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.frame.length;
    this.#next += 1;
  }

  /** Entries from `from`, which is held or next, up to `last`. The same answer may be given twice. */
  take(from: Index, last: Index, budget: Budget): readonly Entry[] {
    const { first } = this;
    if (from < first) invariant(false, "EntryHeld", { index: from, first });
    const position = this.#head + from - first;
    const held = Math.min(this.#entries.length, this.#head + last + 1 - first);
    const end = endOfTake(this.#entries, position, held, budget);
    const isSame = this.#taken.length === end - position && this.#taken[0] === this.#entries[position];
    if (!isSame) this.#taken = this.#entries.slice(position, end);
    return this.#taken;
  }

  /** Drops every entry at or above `index`; `index` becomes the next. */
  truncateFrom(index: Index): void {
    this.#taken = [];
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

  // Not one by one, because what stays is moved.
  #squeeze(): void {
    if (this.#head < 1024 && this.#head < this.#entries.length) return;
    if (this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
