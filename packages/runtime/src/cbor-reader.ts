import { float16Of, float32Of, float64Of } from "./cbor-float.ts";
import { hexOf, textOf } from "./cbor-text.ts";
import { FlotillaError } from "./errors.ts";

/** Up to here a loop over the bytes beats making a view of them. */
const shortPart = 256;

function refuse(what: string, expected: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `${what}: expected ${expected}`);
}

/**
 * Refuses an array whose head told another number of items.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function expectItems(what: string, length: number, wanted: number): void {
  if (length !== wanted) refuse(what, `${wanted} items`);
}

/**
 * Reads plain CBOR from an untrusted source item by item, in one pass: each call takes the next item, which must be
 * of the kind and within the bounds asked for. Accepts of such an item whatever `decode` accepts, no tags and no
 * indefinite lengths among it. End with `end`. Every method throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming
 * `what` when something else is there.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the head of an array of `least` to `most` items (both included); returns how many follow. */
  array(what: string, least: number, most: number): number {
    const length = this.#length(4, what, "an array");
    if (length < least || length > most) refuse(what, `${least} to ${most} items`);
    // Every item takes a byte, so what cannot be there is refused before any work.
    if (length > this.#bytes.length - this.#at) refuse(what, "more bytes");
    return length;
  }

  /** An array of at most `most` items, each taken by `read`. */
  list<T>(what: string, most: number, read: (reader: CborReader, what: string) => T): T[] {
    const items: T[] = [];
    for (let left = this.array(what, 0, most); left > 0; left -= 1) items.push(read(this, what));
    return items;
  }

  /** A text of at most `maxBytes` of UTF-8. */
  text(what: string, maxBytes: number): string {
    const length = this.#length(3, what, "a text");
    if (length > maxBytes) refuse(what, `at most ${maxBytes} bytes`);
    const start = this.#skip(length, what);
    return textOf(this.#bytes, start, this.#at) ?? refuse(what, "UTF-8");
  }

  /** A text of exactly `digits` lowercase hex digits. */
  hex(what: string, digits: number): string {
    if (this.#length(3, what, "a text") !== digits) refuse(what, `${digits} hex digits`);
    const start = this.#skip(digits, what);
    return hexOf(this.#bytes, start, this.#at) ?? refuse(what, "lowercase hex digits");
  }

  /** A byte string of at most `maxBytes`. It aliases the source: copy a small one before keeping it. */
  bytes(what: string, maxBytes: number): Uint8Array {
    const length = this.#length(2, what, "a byte string");
    if (length > maxBytes) refuse(what, `at most ${maxBytes} bytes`);
    const start = this.#skip(length, what);
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + start, length);
  }

  /** An integer from 0 to `max` (included; default 2^53 - 1). */
  uint(what: string, max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.int(what);
    if (value < 0 || value > max) refuse(what, `an integer from 0 to ${max}`);
    return value;
  }

  /** A safe integer, of either sign. */
  int(what: string): number {
    const first = this.#byte(what);
    if (first < 24) return first;
    switch (first >> 5) {
      case 0:
        return this.#tail(first & 31, what);
      case 1:
        return -1 - this.#tail(first & 31, what);
      case 7:
        return this.#float(first, what);
      default:
        return refuse(what, "an integer");
    }
  }

  boolean(what: string): boolean {
    const first = this.#byte(what);
    if (first !== 0xf4 && first !== 0xf5) refuse(what, "true or false");
    return first === 0xf5;
  }

  /** Takes a null; false, and nothing taken, when something else is there. */
  takeNull(): boolean {
    if (this.#bytes[this.#at] !== 0xf6) return false;
    this.#at += 1;
    return true;
  }

  /** Takes a null or an undefined, as `takeNull`: for what is optional. */
  takeNothing(): boolean {
    const next = this.#bytes[this.#at];
    if (next !== 0xf6 && next !== 0xf7) return false;
    this.#at += 1;
    return true;
  }

  /** Where the next item begins: for `copyFrom` and `charsFrom`. */
  get at(): number {
    return this.#at;
  }

  /** A copy of the items taken since `at` was `start`. */
  copyFrom(start: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(start, this.#at));
  }

  /** The same, a byte in each character: for a few bytes. */
  charsFrom(start: number): string {
    return String.fromCharCode(...this.#bytes.subarray(start, this.#at));
  }

  /** Takes whole items when they come next byte for byte; false, and nothing taken, when something else is there. */
  takeSame(items: Uint8Array | string): boolean {
    const { length } = items;
    if (length > this.#bytes.length - this.#at) return false;
    if (typeof items === "string" ? !this.#isNextText(items) : !this.#isNext(items, length)) return false;
    this.#at += length;
    return true;
  }

  /** Refuses bytes after the last item. */
  end(what: string): void {
    if (this.#at !== this.#bytes.length) refuse(what, "nothing after it");
  }

  #isNext(items: Uint8Array, length: number): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (length > shortPart) return Buffer.compare(items, bytes.subarray(at, at + length)) === 0;
    for (let k = 0; k < length; k += 1) if (bytes[at + k] !== items[k]) return false;
    return true;
  }

  #isNextText(items: string): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let k = 0; k < items.length; k += 1) if (bytes[at + k] !== items.charCodeAt(k)) return false;
    return true;
  }

  #byte(what: string): number {
    if (this.#at >= this.#bytes.length) refuse(what, "more bytes");
    return this.#bytes[this.#at++] ?? 0;
  }

  /** Passes over so many bytes; returns where they begin. */
  #skip(length: number, what: string): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) refuse(what, "more bytes");
    this.#at = start + length;
    return start;
  }

  /** The length in the head of an item of one major type. */
  #length(major: number, what: string, kind: string): number {
    const first = this.#byte(what);
    if (first >> 5 !== major) refuse(what, kind);
    return this.#tail(first & 31, what);
  }

  /** The number that goes with a head: within it, or in up to 32 bits after it. */
  #tail(info: number, what: string): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#byte(what);
      case 25:
        return this.#uint16(what);
      case 26:
        return this.#uint32(what);
      default:
        return refuse(what, "at most 32 bits");
    }
  }

  #uint16(what: string): number {
    const at = this.#skip(2, what);
    const bytes = this.#bytes;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }

  #uint32(what: string): number {
    const at = this.#skip(4, what);
    const bytes = this.#bytes;
    const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    return high * 0x1_0000 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }

  /** A safe integer that came as a float. */
  #float(first: number, what: string): number {
    const value = this.#floatValue(first, what);
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) refuse(what, "an integer");
    return value;
  }

  #floatValue(first: number, what: string): number {
    switch (first) {
      case 0xfb:
        return float64Of(this.#uint32(what), this.#uint32(what));
      case 0xfa:
        return float32Of(this.#uint32(what));
      case 0xf9:
        return float16Of(this.#uint16(what));
      default:
        return refuse(what, "an integer");
    }
  }
}
