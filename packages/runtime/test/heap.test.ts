import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../src/heap.ts";

/** A number to be pushed, or null for a shift. */
const steps = fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { freq: 3 }), { maxLength: 200 });

test("gives back what it took, the first first", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const heap = new Heap<number>((a, b) => a < b);
      let model: readonly number[] = [];
      for (const step of [...all, ...all.map(() => null)]) {
        if (step === null) {
          expect(heap.shift()).toBe(model[0]);
          model = model.slice(1);
        } else {
          heap.push(step);
          model = [...model, step].toSorted((a, b) => a - b);
        }
        expect(heap.first).toBe(model[0]);
      }
      expect(heap.first).toBeUndefined();
    }),
  );
});
