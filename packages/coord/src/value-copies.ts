const blockBytes = 8_192;
/** Larger values get memory of their own. */
const largestShared = 1_024;
/** What V8 keeps within its own heap, which is cheaper than any block. */
const largestOnHeap = 64;

/**
 * Makes copies of values that nobody else holds. Those of moderate size lie side by side in blocks, because memory
 * of one's own costs more than the copy: a copy that is kept keeps its block.
 */
export class ValueCopies {
  #block: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #used = 0;

  copy(value: Uint8Array): Uint8Array {
    const { length } = value;
    if (length <= largestOnHeap || length > largestShared) return new Uint8Array(value);
    // A block whose memory somebody transferred away has a length of zero.
    if (this.#used + length > this.#block.length) {
      this.#block = new Uint8Array(blockBytes);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#block.buffer, this.#used, length);
    copy.set(value);
    this.#used += length;
    return copy;
  }
}
