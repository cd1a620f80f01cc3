import { keyedRandom } from "@flotilla/runtime/sim";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { describe, expect, test } from "vitest";
import { BadLevelFile, maskedCrc } from "../../src/real/level-file.ts";
import { blockBytes, recordsIn } from "../../src/real/level-records.ts";

const [full, first, middle, last] = [1, 2, 3, 4];
const headerBytes = 7;
const sectorBytes = 512;

function partOf(type: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16LE(payload.length, 4);
  head[6] = type;
  head.writeUInt32LE(maskedCrc(Buffer.concat([head.subarray(6), payload])), 0);
  return Buffer.concat([head, payload]);
}

/** A file as LevelDB writes it, and where each of its records ends. None of them is empty. */
function fileOf(records: readonly Uint8Array[]): { readonly file: Buffer; readonly ends: readonly number[] } {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let size = 0;
  const add = (bytes: Buffer): void => {
    parts.push(bytes);
    size += bytes.length;
  };
  for (const record of records) {
    for (let from = 0; from < record.length;) {
      const left = blockBytes - (size % blockBytes);
      if (left < headerBytes) {
        add(Buffer.alloc(left));
        continue;
      }
      const to = Math.min(record.length, from + left - headerBytes);
      const isLast = to === record.length;
      add(partOf(from > 0 ? (isLast ? last : middle) : isLast ? full : first, record.subarray(from, to)));
      from = to;
    }
    ends.push(size);
  }
  return { file: Buffer.concat(parts), ends };
}

function draw(random: KeyedRandom, count: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const bytes = random.chance(0.005) ? 1 + random.below(70_000) : 1 + random.below(90);
    // With zeros, as numbers have them.
    return Buffer.alloc(bytes, random.bytes(64)).fill(
      0,
      bytes >> 1,
      Math.min(bytes, (bytes >> 1) + random.below(8)),
    );
  });
}

/** That what is left of a file reads as its records up to where it was torn, and nothing else. */
function expectUpTo(torn: Buffer, records: readonly Buffer[], ends: readonly number[], at: number): void {
  const found = recordsIn(torn);
  expect(found.length, `torn at ${at}`).toBeGreaterThanOrEqual(ends.filter((end) => end <= at).length);
  expect(Buffer.concat(found).equals(Buffer.concat(records.slice(0, found.length)))).toBe(true);
}

describe("a file of records", () => {
  test("reads up to where a crash cut it off, wherever that is", () => {
    const random = keyedRandom(1, "cut");
    const records = draw(random, 100);
    const { file, ends } = fileOf(records);
    expectUpTo(file, records, ends, file.length);
    for (let at = 1; at < file.length; at += 1 + random.below(99))
      expectUpTo(file.subarray(0, at), records, ends, at);
  });

  test("reads up to the first of the sectors that never got to the disk, whichever that is", () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const records = draw(keyedRandom(seed, "sectors"), 300);
      const { file, ends } = fileOf(records);
      for (let at = sectorBytes; at < file.length; at += sectorBytes)
        expectUpTo(Buffer.from(file).fill(0, at), records, ends, at);
    }
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "may end with %i bytes of a header and zeros, and nothing behind them",
    (kept) => {
      const before = Buffer.alloc(8 * sectorBytes - kept - headerBytes, 7);
      const { file } = fileOf([before, Buffer.alloc(1024, 8)]);
      const torn = Buffer.from(file).fill(0, 8 * sectorBytes);
      expect(recordsIn(torn).map(({ length }) => length)).toEqual([before.length]);
      // What got there although the sector before did not is no end of a file.
      torn[9 * sectorBytes + 1] = 8;
      torn[torn.length - 1] = 8;
      expect(() => recordsIn(torn)).toThrow(BadLevelFile);
    },
  );

  test("is damaged by part of a header that ends within a sector", () => {
    const before = Buffer.alloc(8 * sectorBytes - 100, 7);
    const { file, ends } = fileOf([before, Buffer.alloc(1024, 8)]);
    const torn = Buffer.from(file).fill(0, (ends[0] ?? 0) + 3);
    expect(() => recordsIn(torn)).toThrow("is empty");
  });
});
