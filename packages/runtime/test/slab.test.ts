import { Slab } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";

test("cuts are as long as asked for and never share a byte", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 60 }), (lengths) => {
      const slab = new Slab();
      const cuts = lengths.map((length, k) => {
        const cut = slab.take(length);
        cut.fill(k);
        return cut;
      });
      expect(cuts.map((cut) => cut.length)).toEqual(lengths);
      for (const [k, cut] of cuts.entries()) expect(cut.every((byte) => byte === k)).toBe(true);
    }),
  );
});

test("a cut is a plain array", () => {
  expect(Object.getPrototypeOf(new Slab().take(5))).toBe(Uint8Array.prototype);
});
