import { isHexDigit } from "./cbor-text.ts";

/** Bytes of the buffer that messages are cut from. */
const slabBytes = 16_384;
/** Up to here a loop over the characters beats a call out of JavaScript. */
const shortText = 24;
/** Up to here a loop over the bytes beats making a view of them. */
const shortPart = 256;
/** Bytes of the head of an array of up to 65,535 items. */
const longestCount = 3;
/** What the low half of a wide number counts up to. */
const wideBase = 2 ** 30;
/** A longer message leaves no memory behind for those that follow. */
const keptBytes = 262_144;

/** Bytes that the head of a text or byte string of so many bytes takes. */
function headBytes(length: number): number {
  return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
}

/**
 * Writes plain CBOR item by item, each in its shortest form: byte for byte what `encode` makes of the same values.
 * Begin with `begin`, end with `finish` or `lend`. One writer serves one codec for good; the messages that it finishes
 * are cut from shared buffers, and none is ever written to again.
 */
export class CborWriter {
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #start = 0;
  #at = 0;

  /** Starts a message, and forgets one that was not finished. */
  begin(): void {
    this.#at = this.#start;
  }

  /** The head of an array: so many items follow. */
  array(length: number): void {
    this.#head(0x80, length);
  }

  /** The head of an array of items that are not counted yet, 65,535 at most; `endArray` says how many they were. */
  beginArray(): number {
    this.#need(longestCount);
    this.#at += longestCount;
    return this.#at - this.#start;
  }

  /** @param from what `beginArray` gave */
  endArray(from: number, length: number): void {
    // Room for the longest head, here: to grow amid the items would lose them.
    this.#need(5 - longestCount);
    const end = this.#at;
    const items = this.#start + from;
    this.#at = items - longestCount;
    this.array(length);
    if (this.#at < items) this.#bytes.copyWithin(this.#at, items, end);
    this.#at += end - items;
  }

  null(): void {
    this.#need(1);
    this.#bytes[this.#at++] = 0xf6;
  }

  boolean(value: boolean): void {
    this.#need(1);
    this.#bytes[this.#at++] = value ? 0xf5 : 0xf4;
  }

  /** Any number. Negative zero becomes zero; beyond 32 bits it is a float. */
  number(value: number): void {
    if (value >>> 0 === value) this.#head(0x00, value);
    else if (value < 0 && value >= -0x1_0000_0000 && Number.isInteger(value)) this.#head(0x20, -1 - value);
    else this.#float(value);
  }

  /**
   * As `number(high * 2 ** 30 + low)`, for a safe integer that is kept in two: put together elsewhere, each above 31 bits
   * would be an object for the collector.
   *
   * @param low from 0 up to 2 ** 30, excluded
   */
  wide(high: number, low: number): void {
    if (high === 0) this.#head(0x00, low);
    else if (high < 4) this.number(high * wideBase + low);
    else this.#float(high * wideBase + low);
  }

  /** A text. Half of a surrogate pair becomes U+FFFD. */
  text(value: string): void {
    this.#need(value.length * 3 + 5);
    if (value.length > shortText || !this.#ascii(value)) this.#utf8(value);
  }

  /** A text of exactly `digits` lowercase hex digits; false, and nothing written, when it is something else. */
  hex(value: string, digits: number): boolean {
    if (typeof value !== "string" || value.length !== digits) return false;
    this.#need(digits + 5);
    const bytes = this.#bytes;
    const from = this.#at + headBytes(digits);
    for (let k = 0; k < digits; k += 1) {
      const unit = value.charCodeAt(k);
      if (!isHexDigit(unit)) return false;
      bytes[from + k] = unit;
    }
    this.#head(0x60, digits);
    this.#at += digits;
    return true;
  }

  bytes(value: Uint8Array): void {
    this.byteString(value.length);
    this.append(value);
  }

  /** The head of a byte string that is then put together with `append`. */
  byteString(length: number): void {
    this.#need(length + 5);
    this.#head(0x40, length);
  }

  /** Bytes as they are: the next part of a byte string, or items that were written elsewhere. */
  append(part: Uint8Array): void {
    this.#need(part.length);
    this.#bytes.set(part, this.#at);
    this.#at += part.length;
  }

  /** As `append`, of the `length` bytes from `at` on. */
  appendPart(source: Uint8Array, at: number, length: number): void {
    if (length > shortPart) {
      this.append(source.subarray(at, at + length));
      return;
    }
    this.#need(length);
    const bytes = this.#bytes;
    const to = this.#at;
    for (let k = 0; k < length; k += 1) bytes[to + k] = source[at + k] ?? 0;
    this.#at = to + length;
  }

  /** The message, good until the next `begin`, which uses its memory again: for what is copied at once. */
  lend(): Uint8Array {
    const message = this.#bytes.subarray(this.#start, this.#at);
    if (this.#bytes.length > keptBytes) this.#replace(Buffer.alloc(0));
    return message;
  }

  /** The message. It keeps its neighbours' memory alive: for what is sent and dropped. */
  finish(): Uint8Array {
    const message = new Uint8Array(this.#bytes.buffer, this.#start, this.#at - this.#start);
    if (this.#bytes.length > slabBytes) this.#replace(Buffer.alloc(0));
    else this.#start = this.#at;
    return message;
  }

  #head(major: number, value: number): void {
    this.#need(5);
    const bytes = this.#bytes;
    if (value < 24) {
      bytes[this.#at++] = major | value;
    } else if (value < 0x100) {
      bytes[this.#at++] = major | 24;
      bytes[this.#at++] = value;
    } else if (value < 0x1_0000) {
      bytes[this.#at++] = major | 25;
      bytes[this.#at++] = value >>> 8;
      bytes[this.#at++] = value;
    } else {
      bytes[this.#at++] = major | 26;
      bytes[this.#at++] = value >>> 24;
      bytes[this.#at++] = value >>> 16;
      bytes[this.#at++] = value >>> 8;
      bytes[this.#at++] = value;
    }
  }

  #float(value: number): void {
    this.#need(9);
    this.#bytes[this.#at] = 0xfb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  /** Writes a short text of ASCII; false, and nothing written, for any other. */
  #ascii(value: string): boolean {
    const bytes = this.#bytes;
    const from = this.#at + headBytes(value.length);
    for (let k = 0; k < value.length; k += 1) {
      const unit = value.charCodeAt(k);
      if (unit > 0x7f) return false;
      bytes[from + k] = unit;
    }
    this.#head(0x60, value.length);
    this.#at += value.length;
    return true;
  }

  #utf8(value: string): void {
    const bytes = this.#bytes;
    const guess = this.#at + headBytes(value.length);
    const length = bytes.write(value, guess);
    const from = this.#at + headBytes(length);
    if (from !== guess) bytes.copyWithin(from, guess, guess + length);
    this.#head(0x60, length);
    this.#at += length;
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) this.#grow(bytes);
  }

  /** Moves what there is of the message to a new buffer; a long one doubles, so that it moves few times. */
  #grow(bytes: number): void {
    const written = this.#bytes.subarray(this.#start, this.#at);
    const next = Buffer.allocUnsafeSlow(Math.max(slabBytes, 2 * written.length + bytes));
    next.set(written);
    this.#replace(next);
    this.#at = written.length;
  }

  #replace(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = 0;
    this.#at = 0;
  }
}
