import fc from "fast-check";
import { expect, test } from "vitest";
import type { PendingRead } from "../../src/core/read-queue.ts";
import { ReadQueue } from "../../src/core/read-queue.ts";

interface NaiveRead {
  readonly read: PendingRead;
  /** The round that it shares; null: none yet. */
  round: number | null;
  index: number;
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("add" as const), peer: fc.constantFrom(null, "b") }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("begin" as const), index: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("confirm" as const), back: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("clear" as const) }) },
);

test("reads wait, share the next round and are confirmed by it or a later one, as in a plain list", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new ReadQueue();
      let naive: NaiveRead[] = [];
      let round = 0;
      let id = 0;
      for (const next of steps) {
        if (next.type === "add") {
          const read = { peer: next.peer, id: (id += 1) };
          queue.add(read);
          naive.push({ read, round: null, index: 0 });
        } else if (next.type === "begin") {
          round += 1;
          queue.begin(round, next.index);
          for (const each of naive.filter((one) => one.round === null))
            Object.assign(each, { round, index: next.index });
        } else if (next.type === "confirm") {
          const upTo = round - next.back;
          const isIn = (each: NaiveRead): boolean => each.round !== null && each.round <= upTo;
          const expected = naive.filter(isIn).map((each) => [each.read, each.round, each.index]);
          const found = queue.confirm(upTo);
          expect(found.flatMap((one) => one.reads.map((read) => [read, one.round, one.index]))).toEqual(
            expected,
          );
          expect(found.every(({ reads }) => reads.length > 0)).toBe(true);
          naive = naive.filter((each) => !isIn(each));
        } else {
          expect(queue.clear()).toEqual(naive.map(({ read }) => read));
          naive = [];
        }
        expect(queue.size).toBe(naive.length);
        expect(queue.hasWaiting).toBe(naive.some((each) => each.round === null));
        expect(queue.hasRound).toBe(naive.some((each) => each.round !== null));
      }
    }),
  );
});
