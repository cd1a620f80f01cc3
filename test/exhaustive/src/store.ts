const chunkStates = 2 ** 14;
const fewSlots = 2 ** 16;

/** Mixes the numbers of a state to 32 bits. */
function hashOf(numbers: Int32Array): number {
  let hash = 0x811c9dc5;
  for (const number of numbers) {
    hash = Math.imul(hash ^ number, 0x01000193);
    hash = (hash << 13) | (hash >>> 19);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * States in the order in which they were found, each once, with the way to it. What is in one is compared number by
 * number, so that no two are ever taken for one.
 */
export class Store {
  readonly #width: number;
  readonly #chunks: Int32Array[] = [];
  #slots = new Int32Array(fewSlots);
  #size = 0;

  /** `width`: numbers in a state. Two more are kept with each: the state it was found from, and by which choice. */
  constructor(width: number) {
    this.#width = width;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes taken. */
  get bytes(): number {
    return (this.#chunks.length * chunkStates * (this.#width + 2) + this.#slots.length) * 4;
  }

  at(state: number): Int32Array {
    return this.#row(state).subarray(0, this.#width);
  }

  /** The state it was first found from, and by which choice; -1: none. */
  origin(state: number): { readonly from: number; readonly choice: number } {
    const row = this.#row(state);
    return { from: row[this.#width] ?? -1, choice: row[this.#width + 1] ?? -1 };
  }

  /** Adds a state unless it is there; true when it is new. */
  add(numbers: Int32Array, from: number, choice: number): boolean {
    let slot = this.#slot(numbers);
    for (let found = this.#slots[slot] ?? 0; found > 0; found = this.#slots[slot] ?? 0) {
      if (this.#isSame(found - 1, numbers)) return false;
      slot = (slot + 1) % this.#slots.length;
    }
    if (this.#size % chunkStates === 0) this.#chunks.push(new Int32Array(chunkStates * (this.#width + 2)));
    this.#size += 1;
    this.#slots[slot] = this.#size;
    const row = this.#row(this.#size - 1);
    row.set(numbers);
    row[this.#width] = from;
    row[this.#width + 1] = choice;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return true;
  }

  #row(state: number): Int32Array {
    const chunk = this.#chunks[Math.floor(state / chunkStates)];
    if (chunk === undefined || state >= this.#size) throw new RangeError(`there is no state ${state}`);
    const width = this.#width + 2;
    const first = (state % chunkStates) * width;
    return chunk.subarray(first, first + width);
  }

  #slot(numbers: Int32Array): number {
    return hashOf(numbers) % this.#slots.length;
  }

  #isSame(state: number, numbers: Int32Array): boolean {
    const row = this.#row(state);
    for (let k = 0; k < this.#width; k += 1) if (row[k] !== numbers[k]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let state = 0; state < this.#size; state += 1) {
      let slot = this.#slot(this.at(state));
      while ((this.#slots[slot] ?? 0) > 0) slot = (slot + 1) % this.#slots.length;
      this.#slots[slot] = state + 1;
    }
  }
}
