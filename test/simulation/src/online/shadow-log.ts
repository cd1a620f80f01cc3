import type { Index, LogId, Recovered, Term } from "@flotilla/raft";

/** Which term stands at which index of one node's log. */
export class ShadowLog {
  #base: LogId = { index: 0, term: 0 };
  #terms: Term[] = [];

  get last(): LogId {
    return { index: this.lastIndex, term: this.#terms.at(-1) ?? this.#base.term };
  }

  get lastIndex(): Index {
    return this.#base.index + this.#terms.length;
  }

  /** Entries up to here are a snapshot's. */
  get base(): LogId {
    return this.#base;
  }

  /** Undefined outside of the log and below its base. */
  termAt(index: Index): Term | undefined {
    return index === this.#base.index ? this.#base.term : this.#terms[index - this.#base.index - 1];
  }

  /** True when the entry stands there, or is covered by the snapshot below. */
  holds({ index, term }: LogId): boolean {
    return index < this.#base.index || this.termAt(index) === term;
  }

  reset(base: LogId): void {
    this.#base = base;
    this.#terms = [];
  }

  truncateFrom(index: Index): void {
    this.#terms.length = Math.max(0, Math.min(this.#terms.length, index - this.#base.index - 1));
  }

  append(entries: readonly LogId[]): void {
    for (const { term } of entries) this.#terms.push(term);
  }

  /** What a node found on its disk. */
  recover({ compacted, last, termRuns }: Recovered): void {
    this.reset(compacted);
    const runs = termRuns.filter((run) => run.index <= last.index);
    let at = 0;
    for (let index = compacted.index + 1; index <= last.index; index += 1) {
      while ((runs[at + 1]?.index ?? Number.POSITIVE_INFINITY) <= index) at += 1;
      this.#terms.push(runs[at]?.term ?? 0);
    }
  }

  copyFrom(other: ShadowLog): void {
    this.#base = other.#base;
    this.#terms = [...other.#terms];
  }
}
