import type { Index, Term } from "../core/types.ts";

/** Terms of a contiguous log, kept as the places where the term changes. Memory grows with elections, not entries. */
export class TermRuns {
  // Invariant: `#from` strictly ascends, `#terms` strictly ascends, same length.
  #from: Index[] = [];
  #terms: Term[] = [];

  /** Notes that entry `index` has `term`; indexes must ascend, terms must not descend. */
  add(index: Index, term: Term): void {
    if (this.#terms.at(-1) === term) return;
    this.#from.push(index);
    this.#terms.push(term);
  }

  /** Term of entry `index`, or 0 when it lies before the first noted one. Nothing bounds it from above. */
  at(index: Index): Term {
    return this.#terms[this.#runOf(index)] ?? 0;
  }

  /** Forgets everything from `index` on. */
  truncateFrom(index: Index): void {
    const keep = this.#runOf(index - 1) + 1;
    this.#from.length = keep;
    this.#terms.length = keep;
  }

  /** Forgets what is only needed below `index`. */
  forgetBelow(index: Index): void {
    const drop = Math.max(0, this.#runOf(index));
    this.#from.splice(0, drop);
    this.#terms.splice(0, drop);
  }

  clear(): void {
    this.#from = [];
    this.#terms = [];
  }

  #runOf(index: Index): number {
    let low = 0;
    let high = this.#from.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#from[middle] ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
