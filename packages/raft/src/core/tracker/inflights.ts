import type { Index } from "../types.ts";

interface Flight {
  readonly last: Index;
  readonly bytes: number;
}

// Few enough to keep, enough to be worth moving the rest.
const squeezeFrom = 64;

/** Append messages on their way to one peer, in order, bounded by count and by bytes. */
export class Inflights {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  // Invariant: flights from `#head` on ascend by `last`; `#bytes` is their sum.
  #flights: Flight[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#flights.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.count >= this.#maxCount || this.#bytes >= this.#maxBytes;
  }

  /** Notes a message whose last entry is `last`. */
  add(last: Index, bytes: number): void {
    this.#flights.push({ last, bytes });
    this.#bytes += bytes;
  }

  /** Forgets every message whose last entry is at or below `index`. */
  freeTo(index: Index): void {
    while (this.count > 0 && (this.#flights[this.#head]?.last ?? 0) <= index) this.#shift();
    this.#squeeze();
  }

  /** Forgets the oldest message, which may have been lost. */
  freeFirst(): void {
    if (this.count > 0) this.#shift();
    this.#squeeze();
  }

  clear(): void {
    this.#flights = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #shift(): void {
    this.#bytes -= this.#flights[this.#head]?.bytes ?? 0;
    this.#head += 1;
  }

  #squeeze(): void {
    if (this.#head < squeezeFrom || this.#head * 2 <= this.#flights.length) return;
    this.#flights = this.#flights.slice(this.#head);
    this.#head = 0;
  }
}
