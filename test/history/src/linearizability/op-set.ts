import type { HashedSet } from "./memo.ts";

/**
 * The set of linearized operations: a bitset with a hash that is kept up to date on every change
 * (Zobrist: one random 64-bit key per operation, combined by xor).
 *
 * Completed operations come first, by invocation, so that their words are nearly always full up to
 * `low` and zero from `high` on, and the part in between is all that has to be remembered.
 */
export class OpSet implements HashedSet {
  readonly words: Int32Array;
  /** Words of completed operations; those of unknown ones follow. */
  readonly completedWords: number;
  readonly #completed: number;
  readonly #keys: Int32Array;
  #hashLow = 0;
  #hashHigh = 0;
  #low = 0;
  #high = 0;

  constructor(completed: number, unknown: number) {
    this.#completed = completed;
    this.completedWords = (completed + 31) >>> 5;
    this.words = new Int32Array(this.completedWords + ((unknown + 31) >>> 5));
    this.#keys = zobristKeys(2 * (completed + unknown));
  }

  /** Lower half of the hash. */
  get hashLow(): number {
    return this.#hashLow;
  }

  /** Upper half of the hash. */
  get hashHigh(): number {
    return this.#hashHigh;
  }

  /** All words of completed operations before this one are full. */
  get low(): number {
    return this.#low;
  }

  /** All words of completed operations from this one on are zero. */
  get high(): number {
    return this.#high;
  }

  /** Adds an operation that is not in the set. */
  add(op: number): void {
    const word = this.#flip(op);
    if (op >= this.#completed) return;
    if (word >= this.#high) this.#high = word + 1;
    while (this.#low < this.completedWords && this.words[this.#low] === -1) this.#low++;
  }

  /** Removes an operation that is in the set. */
  delete(op: number): void {
    const word = this.#flip(op);
    if (op >= this.#completed) return;
    if (word < this.#low) this.#low = word;
    while (this.#high > 0 && this.words[this.#high - 1] === 0) this.#high--;
  }

  #flip(op: number): number {
    const bit = op < this.#completed ? op : this.completedWords * 32 + op - this.#completed;
    const word = bit >>> 5;
    this.words[word] = (this.words[word] ?? 0) ^ (1 << (bit & 31));
    this.#hashLow ^= this.#keys[2 * op] ?? 0;
    this.#hashHigh ^= this.#keys[2 * op + 1] ?? 0;
    return word;
  }
}

function zobristKeys(count: number): Int32Array {
  const keys = new Int32Array(count);
  let state = 0x9e3779b9;
  for (let index = 0; index < count; index++) {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    keys[index] = mixed ^ (mixed >>> 15);
  }
  return keys;
}
