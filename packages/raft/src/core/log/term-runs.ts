import { invariant } from "@flotilla/runtime";
import type { Index, LogId, Term } from "../types.ts";

/** Terms of a contiguous log, kept as the places where the term changes. Memory grows with elections, not entries. */
export class TermRuns {
  // Invariant: index and term both strictly ascend.
  #runs: LogId[];
  // Nearly every question is about the newest run. Invariant: the last of the runs.
  #newest: LogId | undefined;

  /** `runs`: the first entry of every run, ascending. */
  constructor(runs: readonly LogId[]) {
    this.#runs = [];
    for (const run of runs) this.add(run);
  }

  /** Notes the next entry. */
  add(entry: LogId): void {
    const last = this.#newest;
    if (last?.term === entry.term) return;
    invariant(last === undefined || (last.index < entry.index && last.term < entry.term), "TermsAscend", {
      index: entry.index,
      term: entry.term,
    });
    this.#newest = { index: entry.index, term: entry.term };
    this.#runs.push(this.#newest);
  }

  /** Term of entry `index`; 0 before the first noted one. Nothing bounds it from above. */
  at(index: Index): Term {
    const last = this.#newest;
    if (last !== undefined && index >= last.index) return last.term;
    return this.#runs[this.#position(index)]?.term ?? 0;
  }

  /** The largest index at or below `index` whose term is at most `term`; one below the first run when there is none. */
  lastAtMost(index: Index, term: Term): Index {
    let candidate = index;
    for (let position = this.#position(index); position >= 0; position -= 1) {
      const run = this.#runs[position];
      if (run === undefined || run.term <= term) break;
      candidate = run.index - 1;
    }
    return candidate;
  }

  truncateFrom(index: Index): void {
    this.#runs.length = this.#position(index - 1) + 1;
    this.#newest = this.#runs.at(-1);
  }

  /** Forgets what is only needed below `index`. */
  forgetBelow(index: Index): void {
    const drop = this.#position(index);
    if (drop > 0) this.#runs.splice(0, drop);
  }

  #position(index: Index): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.index ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
