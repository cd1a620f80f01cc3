import { invariant } from "@flotilla/runtime";
import type { Index, LogId } from "../types.ts";

/** What the next append task must do to the stored log, beside adding entries from `first` on. */
export interface WritePlan {
  readonly first: Index;
  readonly reset: LogId | null;
  readonly truncateFrom: Index | null;
}

/**
 * How far the log in memory is durable, with at most one write under way. A truncation lowers the end of
 * the write under way, so that its completion can never vouch for entries that replaced the written ones.
 */
export class WriteMark {
  #durable: Index;
  /** Highest index that the store may hold once the write under way is done. */
  #stored: Index;
  /** One past the last entry under way that is still ours; null when nothing is under way. */
  #end: Index | null = null;
  #truncateFrom: Index | null = null;
  #reset: LogId | null = null;
  #resetUnderWay = false;

  constructor(durable: Index) {
    this.#durable = durable;
    this.#stored = durable;
  }

  /** Everything up to here is durable as it stands in memory. */
  get durable(): Index {
    return this.#durable;
  }

  /**
   * How far it may be promised. Nothing while the store still holds a log that a snapshot replaced: until it is
   * reset, only the snapshot's file vouches for it.
   */
  get promisable(): Index {
    return this.#reset !== null || this.#resetUnderWay ? 0 : this.#durable;
  }

  get underWay(): boolean {
    return this.#end !== null;
  }

  /** True when the store must drop something. */
  get dirty(): boolean {
    return this.#truncateFrom !== null || this.#reset !== null;
  }

  truncatedFrom(index: Index): void {
    this.#durable = Math.min(this.#durable, index - 1);
    if (this.#end !== null) this.#end = Math.min(this.#end, index);
    if (index <= this.#stored) this.#truncateFrom = Math.min(this.#truncateFrom ?? index, index);
  }

  /** A durable snapshot that ends at `last` took the place of the log. */
  resetTo(last: LogId): void {
    this.#durable = last.index;
    if (this.#end !== null) this.#end = 0;
    this.#truncateFrom = null;
    this.#reset = last;
    this.#stored = last.index;
  }

  plan(): WritePlan {
    return { first: this.#durable + 1, reset: this.#reset, truncateFrom: this.#truncateFrom };
  }

  /** A write that follows the plan, with entries up to `last`, is under way. */
  begin(last: Index): void {
    invariant(this.#end === null, "OneWriteUnderWay");
    this.#end = last + 1;
    this.#truncateFrom = null;
    this.#resetUnderWay = this.#reset !== null;
    this.#reset = null;
    this.#stored = last;
  }

  done(): void {
    invariant(this.#end !== null, "WriteUnderWay");
    this.#durable = Math.max(this.#durable, this.#end - 1);
    this.#end = null;
    this.#resetUnderWay = false;
  }
}
