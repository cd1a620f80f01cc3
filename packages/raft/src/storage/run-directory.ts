import type { Index } from "../core/types.ts";

/** One packed value of the store: entries `first` to `last`. */
export interface Run {
  readonly first: Index;
  readonly last: Index;
  /** Checksum chained over everything before `first`. */
  readonly chainBefore: number;
}

/** What a truncation does to the runs. */
export interface Cut {
  /** Runs that go as a whole, in order. */
  readonly removed: readonly Run[];
  /** The run whose head stays; null when the cut falls between runs. */
  readonly split: Run | null;
}

/** Which run holds which entry. Contiguous and in order. */
export class RunDirectory {
  #runs: Run[] = [];

  add(run: Run): void {
    this.#runs.push(run);
  }

  /** The run that holds entry `index`, if any. */
  find(index: Index): Run | undefined {
    const run = this.#runs[this.#position(index)];
    return run !== undefined && run.first <= index ? run : undefined;
  }

  /** What dropping every entry from `index` on means. */
  cut(index: Index): Cut {
    const at = this.#position(index);
    const run = this.#runs[at];
    if (run === undefined || run.first >= index) return { removed: this.#runs.slice(at), split: null };
    return { removed: this.#runs.slice(at + 1), split: run };
  }

  /** Forgets the runs of `cut` and keeps the head of its split run. */
  apply(cut: Cut, index: Index): void {
    this.#runs.length -= cut.removed.length;
    if (cut.split !== null) this.#runs[this.#runs.length - 1] = { ...cut.split, last: index - 1 };
  }

  /** Forgets the runs that end before `index`; says how many. */
  dropBelow(index: Index): number {
    return this.#runs.splice(0, this.#position(index)).length;
  }

  clear(): void {
    this.#runs = [];
  }

  // The first run that ends at or after `index`.
  #position(index: Index): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.last ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
