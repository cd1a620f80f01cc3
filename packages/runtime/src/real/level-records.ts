import { prefixesWith } from "./crc32c.ts";
import { BadLevelFile, fixed32, maskedCrc, unmaskedCrc } from "./level-file.ts";

/** A record never crosses the end of a block, its parts do. */
export const blockBytes: number = 32 * 1024;
const headerBytes = 7;
const sectorBytes = 512;
const [full, first, last] = [1, 2, 4];

/** Where what was written may have ended. */
interface End {
  /** What is wrong if it did not. */
  readonly error: BadLevelFile;
  /** A crash leaves nothing but zeros from here on at the latest. */
  readonly zerosFrom: number;
}

/**
 * Reads a file in LevelDB's log format, block by block. What a crash cut off its end never happened: a record without
 * its end, or one whose last sectors are zeros, with nothing but zeros behind it. Anything else is damage, although
 * LevelDB passes over it in silence.
 */
export class RecordReader {
  #parts: Uint8Array[] | null = null;
  #blockAt = 0;
  #end: End | null = null;
  /** Behind the last byte that is not zero, of those since the end. */
  #zerosFrom = 0;

  /** The records that are complete with this block; each block but the last is whole. @throws BadLevelFile */
  push(block: Uint8Array): Uint8Array[] {
    const records: Uint8Array[] = [];
    let at = 0;
    while (this.#end === null && at + headerBytes <= block.length) {
      const end = this.#readPart(block, at, records);
      if (end === null) break;
      at = end;
    }
    if (this.#end !== null) this.#findZeros(block, at);
    this.#blockAt += block.length;
    return records;
  }

  /** To be called behind the last block. @throws BadLevelFile */
  finish(): void {
    if (this.#end !== null && this.#zerosFrom > this.#end.zerosFrom) throw this.#end.error;
  }

  /** Where the part that begins at `at` ends; null when it is none, or a crash cut it off. */
  #readPart(block: Uint8Array, at: number, records: Uint8Array[]): number | null {
    const type = block[at + 6] ?? 0;
    const length = (block[at + 4] ?? 0) + 256 * (block[at + 5] ?? 0);
    const place = `the record at byte ${this.#blockAt + at}`;
    const end = at + headerBytes + length;
    if (type === 0 && length === 0) {
      const zerosFrom = Math.max(this.#blockAt + at, sectorOf(this.#blockAt + at + headerBytes - 1));
      this.#end = { error: new BadLevelFile(`${place} is empty`), zerosFrom };
      return null;
    }
    if (end > blockBytes) throw new BadLevelFile(`${place} does not fit its block`);
    if (end > block.length) {
      if (hasOtherLength(block, at)) throw new BadLevelFile(`${place} is not as long as it says`);
      return null;
    }
    if (maskedCrc(block.subarray(at + 6, end)) !== fixed32(block, at)) {
      const error = new BadLevelFile(`${place} does not match its checksum`);
      this.#end = { error, zerosFrom: sectorOf(this.#blockAt + end - 1) };
      return null;
    }
    const begins = type === full || type === first;
    if (begins !== (this.#parts === null) || type > last)
      throw new BadLevelFile(`${place} does not follow from the one before`);
    const parts = [...(this.#parts ?? []), block.slice(at + headerBytes, end)];
    const isWhole = type === full || type === last;
    if (isWhole) records.push(Buffer.concat(parts));
    this.#parts = isWhole ? null : parts;
    return end;
  }

  #findZeros(block: Uint8Array, from: number): void {
    for (let at = block.length - 1; at >= from; at -= 1) {
      if (block[at] === 0) continue;
      this.#zerosFrom = this.#blockAt + at + 1;
      return;
    }
  }
}

/** Where the sector with this byte begins. */
function sectorOf(at: number): number {
  return at - (at % sectorBytes);
}

/** Whether the part at `at`, which seems cut off, is there with another length: its checksum does not cover that. */
function hasOtherLength(block: Uint8Array, at: number): boolean {
  const typeAt = at + 6;
  return prefixesWith(unmaskedCrc(fixed32(block, at)), block.subarray(typeAt)).some((bytes) => {
    const next = typeAt + bytes;
    if (next + headerBytes > block.length) return next === block.length;
    const end = next + headerBytes + (block[next + 4] ?? 0) + 256 * (block[next + 5] ?? 0);
    return end <= block.length && maskedCrc(block.subarray(next + 6, end)) === fixed32(block, next);
  });
}

/** The records of a whole file. @throws BadLevelFile */
export function recordsIn(bytes: Uint8Array): Uint8Array[] {
  const reader = new RecordReader();
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes)
    for (const record of reader.push(bytes.subarray(at, at + blockBytes))) records.push(record);
  reader.finish();
  return records;
}
