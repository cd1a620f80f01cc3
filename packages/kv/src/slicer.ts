/** Cuts bytes that come in parts of any size into slices of one size, in memory that is used again. */
export class Slicer {
  readonly #sliceBytes: number;
  #bytes: Uint8Array;
  /** Where the bytes that are not cut off yet begin and end. */
  #start = 0;
  #end = 0;

  constructor(sliceBytes: number) {
    this.#sliceBytes = sliceBytes;
    this.#bytes = new Uint8Array(2 * sliceBytes);
  }

  /** Copies a part. What was cut off before is no longer good. */
  append(part: Uint8Array): void {
    if (this.#end + part.length > this.#bytes.length) this.#makeRoom(part.length);
    this.#bytes.set(part, this.#end);
    this.#end += part.length;
  }

  /** A slice, while there are enough bytes for one. */
  cut(): Uint8Array | null {
    return this.#end - this.#start < this.#sliceBytes ? null : this.#take(this.#sliceBytes);
  }

  /** What is left of them. */
  rest(): Uint8Array {
    return this.#take(this.#end - this.#start);
  }

  #take(length: number): Uint8Array {
    const from = this.#start;
    this.#start += length;
    return this.#bytes.subarray(from, this.#start);
  }

  #makeRoom(length: number): void {
    const waiting = this.#bytes.subarray(this.#start, this.#end);
    const needed = waiting.length + length;
    const bytes = needed > this.#bytes.length ? new Uint8Array(2 * needed) : this.#bytes;
    bytes.set(waiting);
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = waiting.length;
  }
}
