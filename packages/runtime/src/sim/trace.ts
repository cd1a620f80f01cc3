import { hashText } from "./keyed-random.ts";

/** One thing that happened, as kept for failure reports. */
export interface TraceEntry {
  /** Virtual milliseconds. */
  readonly atMs: number;
  /** Order within the run. */
  readonly seq: number;
  /** Such as `timer`, `message`, `disk.write`. */
  readonly kind: string;
  /** What it was about: the other side, a store, a log line. */
  readonly about: string;
  /** Bytes, or 0. */
  readonly size: number;
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}

/** A 64-bit fingerprint of everything that happened, in order. */
export class TraceHash {
  #a = 0x811c_9dc5;
  #b = 0x2545_f491;
  readonly #texts = new Map<string, number>();

  /** Feeds one 32-bit word. */
  word(value: number): void {
    const a = Math.imul(this.#a ^ value, 0x0100_0193);
    this.#a = (a << 11) | (a >>> 21);
    const b = Math.imul(value, 0xcc9e_2d51) ^ this.#b;
    this.#b = (Math.imul((b << 13) | (b >>> 19), 5) + 0xe654_6b64) | 0;
  }

  /** Feeds a text by a hash that is computed once for each distinct text. */
  text(text: string): void {
    let hashed = this.#texts.get(text);
    if (hashed === undefined) {
      hashed = hashText(text, 0x9747_b28c);
      this.#texts.set(text, hashed);
    }
    this.word(hashed);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return hex(this.#a) + hex(this.#b);
  }
}

/** The last entries of one node. */
export class TraceRing {
  readonly #capacity: number;
  readonly #entries: TraceEntry[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(entry: TraceEntry): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Oldest first. */
  list(): TraceEntry[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }
}

/** One line for people. */
export function formatTraceEntry(entry: TraceEntry): string {
  const size = entry.size === 0 ? "" : ` ${entry.size}B`;
  return `${entry.atMs.toFixed(3).padStart(12)} #${entry.seq} ${entry.kind} ${entry.about}${size}`;
}
