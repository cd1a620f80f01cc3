import fc from "fast-check";
import { expect, test } from "vitest";
import { ValueCopies } from "../src/value-copies.ts";

test("copies of values are equal and apart, whatever their size and however many there are", () => {
  const copies = new ValueCopies();
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(70), fc.nat(2_000), fc.constantFrom(64, 65, 1_024, 1_025, 8_192)), {
        maxLength: 40,
      }),
      (lengths) => {
        const originals = lengths.map((length, at) => new Uint8Array(length).fill(at + 1));
        const made = originals.map((value) => copies.copy(value));
        for (const original of originals) original.fill(0);
        for (const [at, copy] of made.entries()) {
          expect(copy.length).toBe(lengths[at]);
          expect(copy.every((byte) => byte === at + 1)).toBe(true);
          expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
          copy.fill(0);
        }
      },
    ),
  );
});

test("copies go on when somebody took their memory away", () => {
  const copies = new ValueCopies();
  const first = copies.copy(new Uint8Array(100).fill(1));
  structuredClone(first, { transfer: [first.buffer as ArrayBuffer] });
  expect([...copies.copy(new Uint8Array(100).fill(2))]).toEqual(Array(100).fill(2));
});
