import { isUtf8 } from "node:buffer";

/** Arrays and maps within each other, at most. */
const maxDepth: number = 32;

/** What is wrong with the bytes, for people. */
class Malformed extends Error {}

function malformed(problem: string): never {
  throw new Malformed(problem);
}

const keyDecoder = new TextDecoder();

/** Walks one item without building anything. */
class Walker {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  item(depth: number): void {
    const first = this.#byte();
    const info = first & 31;
    switch (first >> 5) {
      case 0:
      case 1:
        this.#integer(info);
        return;
      case 2:
        this.#skip(this.#length(info));
        return;
      case 3:
        this.#text(this.#length(info));
        return;
      case 4:
        this.#array(this.#length(info), depth);
        return;
      case 5:
        this.#map(this.#length(info), depth);
        return;
      case 6:
        malformed("tags are not used");
        return;
      default:
        this.#simple(info);
    }
  }

  #byte(): number {
    return this.#bytes[this.#position++] ?? malformed("it ends early");
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#position) malformed("it ends early");
    this.#position += length;
  }

  /** A length in at most 32 bits; indefinite lengths are not used. */
  #length(info: number): number {
    if (info < 24) return info;
    if (info > 26) malformed("a length is indefinite or too large");
    let value = 0;
    for (let left = 1 << (info - 24); left > 0; left--) value = value * 256 + this.#byte();
    return value;
  }

  #integer(info: number): void {
    if (info > 27) malformed("an integer has no valid size");
    if (info >= 24) this.#skip(1 << (info - 24));
  }

  #text(length: number): void {
    const start = this.#position;
    this.#skip(length);
    for (let i = start; i < this.#position; i++) {
      if ((this.#bytes[i] ?? 0) > 0x7f) {
        if (!isUtf8(this.#bytes.subarray(i, this.#position))) malformed("a text is not UTF-8");
        return;
      }
    }
  }

  #array(length: number, depth: number): void {
    this.#enter(length, depth);
    for (let i = 0; i < length; i++) this.item(depth + 1);
  }

  #map(length: number, depth: number): void {
    this.#enter(length * 2, depth);
    const seen = new Set<string>();
    for (let i = 0; i < length; i++) {
      const key = this.#key();
      if (seen.has(key)) malformed("a map repeats a key");
      seen.add(key);
      this.item(depth + 1);
    }
  }

  /** Every item takes a byte, so a count above what is left can be refused before any work. */
  #enter(items: number, depth: number): void {
    if (depth >= maxDepth) malformed(`it nests deeper than ${maxDepth}`);
    if (items > this.#bytes.length - this.#position) malformed("it ends early");
  }

  #key(): string {
    const first = this.#byte();
    if (first >> 5 !== 3) malformed("a map key is not a text");
    const length = this.#length(first & 31);
    const start = this.#position;
    this.#text(length);
    const key = keyDecoder.decode(this.#bytes.subarray(start, this.#position));
    if (key === "__proto__") malformed("a map key is reserved");
    return key;
  }

  /** false, true, null, undefined, and floats of 16, 32 and 64 bits. */
  #simple(info: number): void {
    if (info >= 25 && info <= 27) this.#skip(1 << (info - 24));
    else if (info < 20 || info > 23) malformed("a simple value is not known");
  }
}

/**
 * Looks whether the bytes are exactly one item of the plain CBOR in use: no tags, definite lengths,
 * valid UTF-8, distinct text keys in maps, at most `maxDepth` levels, nothing after it. Every decoder
 * agrees on what such bytes mean, so replicas cannot drift apart over odd input.
 * @returns what is wrong, or undefined
 */
export function findMalformed(bytes: Uint8Array): string | undefined {
  const walker = new Walker(bytes);
  try {
    walker.item(0);
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
  return walker.position === bytes.length ? undefined : "something follows it";
}
