/** Bytes in order, as they come in pieces. They are not copied unless a part lies in more than one piece. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Bytes that were not taken yet. */
  get length(): number {
    return this.#length;
  }

  /** Adds bytes at the end, which nobody changes from now on. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** The next `length` bytes in one piece, which stay; null while fewer are there. */
  peek(length: number): Uint8Array | null {
    if (this.#length < length) return null;
    if ((this.#pieces[0]?.length ?? 0) < length) this.#join(length);
    return (this.#pieces[0] ?? new Uint8Array(0)).subarray(0, length);
  }

  /** The next `length` bytes in one piece; null, and nothing is taken, while fewer are there. */
  take(length: number): Uint8Array | null {
    const bytes = this.peek(length);
    if (bytes === null) return null;
    const rest = this.#pieces[0]?.subarray(length);
    if (rest === undefined || rest.length === 0) this.#pieces.shift();
    else this.#pieces[0] = rest;
    this.#length -= length;
    return bytes;
  }

  #join(length: number): void {
    let have = 0;
    let count = 0;
    for (; have < length; count += 1) have += this.#pieces[count]?.length ?? 0;
    const joined = new Uint8Array(have);
    let at = 0;
    for (const piece of this.#pieces.splice(0, count)) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces.unshift(joined);
  }
}
