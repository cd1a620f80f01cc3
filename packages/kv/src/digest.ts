import { crc32 } from "node:zlib";

/** From here on the native checksum beats a loop. */
const nativeFromBytes = 512;

function finish(h: number): number {
  let mixed = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Takes one more word into a hash that goes on. */
export function stir(h: number, word: number): number {
  const mixed = Math.imul(h ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function viewHash(view: DataView, at: number, length: number): number {
  const end = at + length;
  let hash = length;
  let next = at;
  for (; next + 4 <= end; next += 4) hash = stir(hash, view.getInt32(next, true));
  for (; next < end; next += 1) hash = stir(hash, view.getUint8(next));
  return finish(hash);
}

/** 32 bits over bytes of any length. `view` shows, from `at` on, the same bytes, so that none has to be made. */
export function hashBytes(bytes: Uint8Array, view: DataView, at: number): number {
  return bytes.length < nativeFromBytes ? viewHash(view, at, bytes.length) : crc32(bytes) | 0;
}

/** 32 bits over the first `length` code units of a text. */
export function hashPrefix(text: string, length: number): number {
  let hash = length;
  for (let index = 0; index < length; index += 1) hash = stir(hash, text.charCodeAt(index));
  return finish(hash);
}

/** 32 bits over the code units of a text. */
export function hashText(text: string): number {
  return hashPrefix(text, text.length);
}

/** Hashes one item into two words of 32 bits. Not for secrets. Used over and over: `begin` starts the next item. */
export class ItemHash {
  /** The first word; valid after {@link end}. */
  a = 0;
  /** The second word; valid after {@link end}. */
  b = 0;

  /** Starts an item; different kinds never give the same words by construction. */
  begin(kind: number): this {
    this.a = kind ^ 0x2545f491;
    this.b = kind ^ 0x5bd1e995;
    return this;
  }

  /** Takes in 32 bits. */
  word(value: number): this {
    this.a = Math.imul(this.a ^ value, 0x01000193);
    const b = Math.imul(this.b ^ value, 0x9e3779b1);
    this.b = (b << 13) | (b >>> 19);
    return this;
  }

  /** Takes in a safe integer. */
  int(value: number): this {
    const high = Math.floor(value / 0x1_0000_0000);
    return this.word((value | 0) ^ Math.imul(high, 0x85ebca6b));
  }

  end(): this {
    this.a = finish(this.a);
    this.b = finish(this.b ^ 0x27d4eb2f);
    return this;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** The sum over the hashes of all items of a state: the same in whatever order they came and went. */
export class Digest {
  #a = 0;
  #b = 0;

  add(a: number, b: number): void {
    this.#a = (this.#a + a) | 0;
    this.#b = (this.#b + b) | 0;
  }

  remove(a: number, b: number): void {
    this.#a = (this.#a - a) | 0;
    this.#b = (this.#b - b) | 0;
  }

  /** The digest with one more item, as 16 hex characters. */
  textWith(a: number, b: number): string {
    return hex(this.#a + a) + hex(this.#b + b);
  }
}
