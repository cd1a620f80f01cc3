import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRun, encodeEntry, encodeRun } from "../../src/core/entry-codec.ts";
import type { Entry } from "../../src/core/entry.ts";
import { indexOfRunKey, runKey } from "../../src/storage/keys.ts";
import { packRun } from "../../src/storage/run.ts";

function run(sizes: readonly number[]): Entry[] {
  return sizes.map((size, k) =>
    encodeEntry({ index: k + 1, term: 1, timeMs: 0, kind: "command", payload: new Uint8Array(size).fill(k) }),
  );
}

const sizes = fc.array(fc.nat(80), { minLength: 1, maxLength: 12 });

test("a packed run holds the same bytes wherever its frames lie, and is a view where they lie end to end", () => {
  fc.assert(
    fc.property(sizes, fc.nat(11), fc.nat(11), fc.nat(8), (list, a, b, offset) => {
      const apart = run(list);
      const expected = encodeRun(apart);
      const frame = new Uint8Array(offset + expected.length + 3);
      frame.set(expected, offset);
      const joined = decodeRun(frame.subarray(offset, offset + expected.length));
      const packed = packRun(joined);
      expect(packed.buffer).toBe(frame.buffer);
      expect(Buffer.compare(packed, expected)).toBe(0);
      expect(Buffer.compare(packRun(apart), expected)).toBe(0);
      const [from, to] = [Math.min(a, b, list.length - 1), Math.max(a, b) + 1];
      expect(Buffer.compare(packRun(joined.slice(from, to)), encodeRun(joined.slice(from, to)))).toBe(0);
      const mixed = joined.map((entry, k) => (k % 2 === a % 2 ? entry : (apart[k] ?? entry)));
      expect(Buffer.compare(packRun(mixed), expected)).toBe(0);
      const holed = joined.filter((_, k) => k !== b);
      if (holed.length > 0) expect(Buffer.compare(packRun(holed), encodeRun(holed))).toBe(0);
    }),
  );
});

test("frames out of order are not taken for a view", () => {
  const joined = decodeRun(encodeRun(run([3, 3, 3]))).toReversed();
  expect(Buffer.compare(packRun(joined), encodeRun(joined))).toBe(0);
});

test("the key of a run names its first entry in big-endian bytes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (first) => {
      const key = runKey(first);
      const expected = Buffer.alloc(9, 0x10);
      expected.writeBigUInt64BE(BigInt(first), 1);
      expect(Buffer.compare(key, expected)).toBe(0);
      expect(indexOfRunKey(key)).toBe(first);
    }),
  );
});
