/** Bytes of one slab. */
const slabBytes = 16_384;
/** What is longer gets an allocation of its own: it would waste too much of a slab. */
const longestCut = 4_096;

/**
 * Cuts byte arrays out of larger ones: many times cheaper than an allocation for each. A cut keeps its whole slab
 * alive, so this is for what is soon dropped, or dropped in about the order in which it was cut.
 */
export class Slab {
  #buffer = new ArrayBuffer(0);
  #at = 0;

  /** An array of `length` bytes, in no known state, that nobody else has. */
  take(length: number): Uint8Array {
    if (length > longestCut) return new Uint8Array(length);
    if (this.#at + length > this.#buffer.byteLength) {
      this.#buffer = Buffer.allocUnsafeSlow(slabBytes).buffer;
      this.#at = 0;
    }
    const cut = new Uint8Array(this.#buffer, this.#at, length);
    this.#at += length;
    return cut;
  }
}
