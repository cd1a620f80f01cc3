import type { AppendTask, Entry } from "@flotilla/raft";
import type { Budget, LogReader } from "@flotilla/raft/parts";

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

  read(from: number, { maxEntries }: Budget): readonly Entry[] | "compacted" {
    const first = from - this.#compacted - 1;
    return first < 0 ? "compacted" : this.#entries.slice(first, first + maxEntries);
  }
}
