import { FlotillaError, invariant } from "@flotilla/runtime";
import { decodeEntry, skipEntry } from "../core/entry-codec.ts";
import type { Entry } from "../core/entry.ts";
import type { Budget } from "../core/log/window.ts";
import type { Index } from "../core/types.ts";
import type { Run } from "./run-directory.ts";
import { damaged } from "./sealed.ts";

/** A run that is being read: what is not asked for is not decoded, as it may be many times as much. */
export class OpenRun {
  readonly run: Run;
  readonly #packed: Uint8Array;
  // Invariant: entry `#index` begins at `#offset`.
  #index: Index;
  #offset = 0;

  constructor(run: Run, packed: Uint8Array) {
    this.run = run;
    this.#packed = packed;
    this.#index = run.first;
  }

  /**
   * Adds entries from `from` on, each proved intact: as many as fit, and at least one if it is the first of all. Says
   * what is left of the budget.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`
   */
  take(from: Index, budget: Budget, into: Entry[]): Budget {
    invariant(from >= this.run.first && from <= this.run.last, "the run holds the entry", { from });
    try {
      this.#seek(from);
      return this.#take(budget, into);
    } catch (cause) {
      if (!FlotillaError.is(cause, "ERR_FLOTILLA_BAD_FRAME")) throw cause;
      throw damaged(`the run at entry ${this.run.first} does not hold what was written`, cause);
    }
  }

  #take({ maxBytes, maxEntries }: Budget, into: Entry[]): Budget {
    let bytes = maxBytes;
    let count = maxEntries;
    while (this.#index <= this.run.last && count > 0) {
      const end = skipEntry(this.#packed, this.#offset);
      if (into.length > 0 && end - this.#offset > bytes) break;
      const entry = decodeEntry(this.#packed, this.#offset);
      if (entry.index !== this.#index) throw damaged(`entry ${this.#index} is not where it was written`);
      into.push(entry);
      bytes -= entry.frame.length;
      count -= 1;
      this.#index += 1;
      this.#offset = end;
    }
    return { maxBytes: bytes, maxEntries: count };
  }

  // What is passed over need not be intact: it is when it is read itself, and the entry found proves that it is the one.
  #seek(index: Index): void {
    if (index < this.#index) {
      this.#index = this.run.first;
      this.#offset = 0;
    }
    while (this.#index < index) {
      this.#offset = skipEntry(this.#packed, this.#offset);
      this.#index += 1;
    }
  }
}
