import type { Index, Term } from "../core/types.ts";

/** One packed value of the store: entries `first` to `last`. */
export interface Run {
  readonly first: Index;
  readonly last: Index;
  readonly lastTerm: Term;
  /** Size of the packed value. */
  readonly bytes: number;
  /** Checksum chained over everything before `first`. */
  readonly chainBefore: number;
}

/** What a truncation does to the runs. */
export interface Cut {
  /** The run before the cut that stays whole, if any. */
  readonly kept: Run | undefined;
  /** The run whose head stays, if any. */
  readonly split: Run | undefined;
  /** Runs that go as a whole, in order. */
  readonly removed: readonly Run[];
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

  /** The run that ends right before `run`, if any. */
  before(run: Run): Run | undefined {
    const at = this.#position(run.first);
    return at === 0 ? undefined : this.#runs[at - 1];
  }

  /** The lowest index after which the runs up to the one that holds `index` take at most `bytes`. */
  floorWithin(bytes: number, index: Index): Index {
    let left = bytes;
    for (let at = this.#position(index); at >= 0; at -= 1) {
      const run = this.#runs[at];
      if (run === undefined || run.first > index) continue;
      left -= run.bytes;
      if (left < 0) return Math.min(run.last, index);
    }
    return 0;
  }

  /** What dropping every entry from `index` on means. */
  cut(index: Index): Cut {
    const at = this.#position(index);
    const run = this.#runs[at];
    const split = run !== undefined && run.first < index ? run : undefined;
    const removed = this.#runs.slice(split === undefined ? at : at + 1);
    return { kept: this.#runs[at - 1], split, removed };
  }

  /** Forgets the runs from `index` on, also the one that holds it. */
  dropFrom(index: Index): void {
    this.#runs.length = this.#position(index);
  }

  /** Forgets the runs that end before `index`; says how many. */
  dropBelow(index: Index): number {
    const gone = this.#position(index);
    if (gone > 0) this.#runs.splice(0, gone);
    return gone;
  }

  clear(): void {
    this.#runs = [];
  }

  // The first run that ends at or after `index`.
  #position(index: Index): number {
    const first = this.#runs[0];
    // Every batch asks for the run that holds the beginning of the log: that is the first.
    if (first === undefined || first.last >= index) return 0;
    let low = 1;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.last ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
