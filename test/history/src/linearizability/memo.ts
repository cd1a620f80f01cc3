const firstSlots = 1 << 12;
const firstWords = 1 << 16;
const headerWords = 5;

/** What is remembered of a set of operations; see `OpSet`. */
export interface HashedSet {
  readonly hashLow: number;
  readonly hashHigh: number;
  readonly low: number;
  readonly high: number;
  readonly words: Int32Array;
  readonly completedWords: number;
}

/**
 * The (linearized set, state) pairs that were explored. The hash only finds candidates; words are
 * compared exactly, so no collision can hide a part of the search. When `maxWords` of 4 bytes are in
 * use it stops remembering, which costs time and never changes a verdict.
 */
export class Memo {
  readonly #maxWords: number;
  #slots = new Int32Array(firstSlots).fill(-1);
  #arena = new Int32Array(firstWords);
  #used = 0;
  #entries = 0;

  /** @param maxWords default 2^26, that is 256 MiB. */
  constructor(maxWords: number = 1 << 26) {
    this.#maxWords = maxWords;
  }

  /** Remembers the pair; false when it was there already. */
  addIfNew(set: HashedSet, state: number): boolean {
    const mask = this.#slots.length - 1;
    let slot = slotOf(set.hashLow, state) & mask;
    for (;;) {
      const entry = this.#slots[slot] ?? -1;
      if (entry < 0) break;
      if (this.#equals(entry, set, state)) return false;
      slot = (slot + 1) & mask;
    }
    this.#insert(slot, set, state);
    return true;
  }

  #equals(entry: number, set: HashedSet, state: number): boolean {
    const arena = this.#arena;
    if (arena[entry] !== set.hashLow || arena[entry + 1] !== set.hashHigh || arena[entry + 2] !== state)
      return false;
    if (arena[entry + 3] !== set.low || arena[entry + 4] !== set.high) return false;
    let position = entry + headerWords;
    for (let word = set.low; word < set.high; word++) if (arena[position++] !== set.words[word]) return false;
    for (let word = set.completedWords; word < set.words.length; word++) {
      if (arena[position++] !== set.words[word]) return false;
    }
    return true;
  }

  #insert(slot: number, set: HashedSet, state: number): void {
    const length = headerWords + Math.max(0, set.high - set.low) + set.words.length - set.completedWords;
    if (!this.#reserve(length)) return;
    const entry = this.#used;
    this.#used += length;
    this.#arena.set([set.hashLow, set.hashHigh, state, set.low, set.high], entry);
    const middle = set.words.subarray(set.low, Math.max(set.low, set.high));
    this.#arena.set(middle, entry + headerWords);
    this.#arena.set(set.words.subarray(set.completedWords), entry + headerWords + middle.length);
    this.#slots[slot] = entry;
    this.#entries++;
    if (this.#entries * 2 > this.#slots.length) this.#growSlots();
  }

  #reserve(length: number): boolean {
    const needed = this.#used + length;
    if (needed > this.#maxWords) return false;
    if (needed > this.#arena.length) {
      const grown = new Int32Array(Math.min(this.#maxWords, Math.max(needed, this.#arena.length * 2)));
      grown.set(this.#arena);
      this.#arena = grown;
    }
    return true;
  }

  #growSlots(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (const entry of old) {
      if (entry < 0) continue;
      let slot = slotOf(this.#arena[entry] ?? 0, this.#arena[entry + 2] ?? 0) & mask;
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry;
    }
  }
}

function slotOf(hashLow: number, state: number): number {
  const mixed = Math.imul(hashLow ^ Math.imul(state, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
