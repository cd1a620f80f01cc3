/** A kept result with its two words in the digest. */
export interface KeptResult {
  readonly result: Uint8Array;
  readonly a: number;
  readonly b: number;
}

/** The results of one session's latest requests, contiguous, from the first that was not acknowledged on. */
export class ResultWindow {
  #kept: (KeptResult | undefined)[] = [];
  #head = 0;
  #acked: number;
  #bytes = 0;

  constructor(acked: number) {
    this.#acked = acked;
  }

  /** Every request up to here is forgotten. */
  get acked(): number {
    return this.#acked;
  }

  /** The last request applied. */
  get lastSeq(): number {
    return this.#acked + this.#kept.length - this.#head;
  }

  /** Bytes of the results kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get(seq: number): KeptResult | undefined {
    return seq <= this.#acked ? undefined : this.#kept[this.#head + seq - this.#acked - 1];
  }

  /** Keeps the result of request `lastSeq + 1`. */
  push(kept: KeptResult): void {
    this.#kept.push(kept);
    this.#bytes += kept.result.length;
  }

  /** Bytes that would stay after `forget(ack)`. */
  bytesAfter(ack: number): number {
    let bytes = this.#bytes;
    for (let seq = this.#acked + 1; seq <= ack; seq += 1) bytes -= this.get(seq)?.result.length ?? 0;
    return bytes;
  }

  /** Forgets every result up to `ack`, oldest first. */
  forget(ack: number, visit: (kept: KeptResult) => void): void {
    while (this.#acked < ack && this.#head < this.#kept.length) {
      const kept = this.#kept[this.#head];
      this.#kept[this.#head] = undefined;
      this.#head += 1;
      this.#acked += 1;
      if (kept === undefined) continue;
      this.#bytes -= kept.result.length;
      visit(kept);
    }
    if (this.#head > 32 && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }

  clone(): ResultWindow {
    const copy = new ResultWindow(this.#acked);
    copy.#kept = this.#kept.slice(this.#head);
    copy.#bytes = this.#bytes;
    return copy;
  }
}
