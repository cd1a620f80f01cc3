import { crc32c } from "./crc32c.ts";

const maskDelta = 0xa282ead8;

/** Bytes of a LevelDB file that are not what LevelDB wrote. The message says where. */
export class BadLevelFile extends Error {}

/** CRC-32C as LevelDB stores it: rotated and shifted, so that a checksum of checksums means something. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

/** The CRC-32C that LevelDB stored as this number. */
export function unmaskedCrc(masked: number): number {
  const rotated = (masked - maskDelta) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** A little-endian number of four bytes. */
export function fixed32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

/** Reads the numbers that LevelDB's files are made of, never beyond the end. @throws BadLevelFile */
export class LevelCursor {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) break;
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new BadLevelFile("a number is cut short");
  }

  /** Bytes that follow their length, not copied. */
  bytes(): Uint8Array {
    const length = this.varint();
    if (length > this.#bytes.length - this.at) throw new BadLevelFile("bytes are cut short");
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}
