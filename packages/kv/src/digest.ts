import { crc32 } from "node:zlib";

/** From here on the native checksum beats a loop. */
const nativeFromBytes = 64;

function finish(h: number): number {
  let mixed = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** 32 bits over bytes of any length. */
export function hashBytes(bytes: Uint8Array): number {
  if (bytes.length >= nativeFromBytes) return crc32(bytes) | 0;
  let hash = bytes.length;
  for (let index = 0; index < bytes.length; index += 1)
    hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return finish(hash);
}

/** Hashes one item into two words of 32 bits. Not for secrets. Used over and over: `begin` starts the next item. */
export class ItemHash {
  #a = 0;
  #b = 0;

  /** The first word; valid after {@link end}. */
  get a(): number {
    return this.#a;
  }

  /** The second word; valid after {@link end}. */
  get b(): number {
    return this.#b;
  }

  /** Starts an item; different kinds never give the same words by construction. */
  begin(kind: number): this {
    this.#a = kind ^ 0x2545f491;
    this.#b = kind ^ 0x5bd1e995;
    return this;
  }

  /** Takes in 32 bits. */
  word(value: number): this {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    const b = Math.imul(this.#b ^ value, 0x9e3779b1);
    this.#b = (b << 13) | (b >>> 19);
    return this;
  }

  /** Takes in a safe integer. */
  int(value: number): this {
    return this.word(value | 0).word(Math.floor(value / 0x1_0000_0000) | 0);
  }

  text(value: string): this {
    this.word(value.length);
    for (let index = 0; index < value.length; index += 1) this.word(value.charCodeAt(index));
    return this;
  }

  end(): this {
    this.#a = finish(this.#a);
    this.#b = finish(this.#b ^ 0x27d4eb2f);
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
