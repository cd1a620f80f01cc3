import { encodeResult } from "./result-codec.ts";
import type { Result } from "./types.ts";

/** More than the encoded result has besides its paths, and more than each of its parts has besides its path. */
const frameBytes = 96;
const partBytes = 192;

function boundOf(result: Result): number {
  let bytes = frameBytes;
  // A unit of UTF-16 has at most three bytes of UTF-8.
  if (result.ok) for (const part of result.results) bytes += partBytes + (part.ok ? part.path.length * 3 : 0);
  else if (result.excess !== undefined) bytes += partBytes + result.excess.path.length * 3;
  return bytes;
}

/**
 * The result of a request. It is kept as what it says and encoded each time somebody asks: most replicas are never
 * asked, and what was sent is soon acknowledged.
 */
export class KeptResult {
  /** The two words of its item in the digest. */
  readonly a: number;
  readonly b: number;
  /** Never less than the encoded length. */
  readonly bound: number;
  readonly #what: Result | Uint8Array;
  #length = 0;

  /** `encoded` when the bytes are known; they are kept. */
  constructor(result: Result, encoded: Uint8Array | null, a: number, b: number) {
    this.a = a;
    this.b = b;
    this.bound = encoded === null ? boundOf(result) : encoded.length;
    this.#what = encoded ?? result;
  }

  /** The result as it travels to the client; the same bytes every time, to be sent and dropped. */
  get bytes(): Uint8Array {
    return this.#what instanceof Uint8Array ? this.#what : encodeResult(this.#what);
  }

  /** Bytes of the encoded result. */
  get length(): number {
    if (this.#length === 0) this.#length = this.bytes.length;
    return this.#length;
  }
}

/** What a window begins with. Nothing is ever put into it. */
const nothingKept: (KeptResult | undefined)[] = [];

/** The results of one session's latest requests, contiguous, from the first that was not acknowledged on. */
export class ResultWindow {
  /** Its own from the first result on: most sessions write nothing. */
  #kept = nothingKept;
  #head = 0;
  #acked: number;
  #bound = 0;

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

  get(seq: number): KeptResult | undefined {
    return seq <= this.#acked ? undefined : this.#kept[this.#head + seq - this.#acked - 1];
  }

  /** The encoded results of all requests from `seq` on, in order. */
  resultsFrom(seq: number): [seq: number, result: Uint8Array][] {
    const found: [number, Uint8Array][] = [];
    for (let next = Math.max(seq, this.#acked + 1); next <= this.lastSeq; next += 1) {
      const kept = this.get(next);
      if (kept !== undefined) found.push([next, kept.bytes]);
    }
    return found;
  }

  /** Keeps the result of request `lastSeq + 1`. */
  push(kept: KeptResult): void {
    if (this.#kept === nothingKept) this.#kept = [kept];
    else this.#kept.push(kept);
    this.#bound += kept.bound;
  }

  /** True when the results that stay after `forget(ack)` have at least so many bytes, encoded. */
  reaches(bytes: number, ack: number): boolean {
    if (this.#bound < bytes) return false;
    let sum = 0;
    for (let seq = Math.max(ack, this.#acked) + 1; seq <= this.lastSeq; seq += 1)
      sum += this.get(seq)?.length ?? 0;
    return sum >= bytes;
  }

  /** Forgets every result up to `ack`, oldest first. */
  forget(ack: number, visit: (kept: KeptResult) => void): void {
    while (this.#acked < ack && this.#head < this.#kept.length) {
      const kept = this.#kept[this.#head];
      this.#kept[this.#head] = undefined;
      this.#head += 1;
      this.#acked += 1;
      if (kept === undefined) continue;
      this.#bound -= kept.bound;
      visit(kept);
    }
    if (this.#head > 32 && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }

  clone(): ResultWindow {
    const copy = new ResultWindow(this.#acked);
    if (this.#kept !== nothingKept) copy.#kept = this.#kept.slice(this.#head);
    copy.#bound = this.#bound;
    return copy;
  }
}
