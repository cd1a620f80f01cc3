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

interface Slot {
  atUs: number;
  seq: number;
  kind: string;
  about: string;
  size: number;
}

/** The last entries of one node. Slots are written over: every event leaves an entry, and hardly any is ever read. */
export class TraceRing {
  readonly #capacity: number;
  readonly #slots: Slot[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** `atUs`: virtual microseconds. */
  push(atUs: number, seq: number, kind: string, about: string, size: number): void {
    const slot = this.#slots[this.#next];
    if (slot === undefined) this.#slots.push({ atUs, seq, kind, about, size });
    else {
      slot.atUs = atUs;
      slot.seq = seq;
      slot.kind = kind;
      slot.about = about;
      slot.size = size;
    }
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Oldest first. */
  list(): TraceEntry[] {
    const inOrder = [...this.#slots.slice(this.#next), ...this.#slots.slice(0, this.#next)];
    return inOrder.map(({ atUs, ...entry }) => ({ atMs: atUs / 1000, ...entry }));
  }
}

/** One line for people. */
export function formatTraceEntry(entry: TraceEntry): string {
  const size = entry.size === 0 ? "" : ` ${entry.size}B`;
  return `${entry.atMs.toFixed(3).padStart(12)} #${entry.seq} ${entry.kind} ${entry.about}${size}`;
}
