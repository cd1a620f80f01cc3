import type { AppendTask, Entry } from "@flotilla/raft";
import type { LogReader } from "@flotilla/raft/parts";

/** The log of one fuzzed core. */
export class MemoryDisk implements LogReader {
  #compacted = 0;
  #entries: Entry[] = [];

  write({ reset, truncateFrom, entries }: AppendTask): void {
    if (reset !== null) {
      this.#compacted = reset.index;
      this.#entries = [];
    }
    if (truncateFrom !== null) this.#entries.length = Math.max(0, truncateFrom - this.#compacted - 1);
    this.#entries.push(...entries);
  }

  read(from: number, _maxBytes: number): readonly Entry[] | "compacted" {
    return from <= this.#compacted ? "compacted" : this.#entries.slice(from - this.#compacted - 1);
  }
}
