import fc from "fast-check";
import { expect, test } from "vitest";
import { keepSmallest } from "../src/smallest.ts";

test("the smallest stay, however they came", () => {
  const text = fc.string({ maxLength: 2, unit: fc.constantFrom("a", "b", "c", "d") });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), fc.nat(60), fc.nat(2), (items, count, order) => {
      const sorted = items.toSorted();
      const kept = order === 0 ? [...items] : order === 1 ? [...sorted] : sorted.toReversed();
      keepSmallest(kept, count);
      expect(kept.toSorted()).toEqual(sorted.slice(0, count));
    }),
    { numRuns: 1_000 },
  );
});
