import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crcOfUint32 } from "../../src/core/length-checksum.ts";

test("the checksum of a length is that of its four bytes", () => {
  const bytes = Buffer.alloc(4);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      bytes.writeUInt32BE(value);
      expect(crcOfUint32(value)).toBe(crc32(bytes));
    }),
  );
});
