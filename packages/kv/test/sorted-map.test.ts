import fc from "fast-check";
import { expect, test } from "vitest";
import { SortedMap } from "../src/sorted-map.ts";

function entriesOf<V>(map: SortedMap<V>, from = ""): [string, V][] {
  const found: [string, V][] = [];
  map.scan(from, (key, value) => {
    found.push([key, value]);
    return true;
  });
  return found;
}

function sorted(model: ReadonlyMap<string, number>): [string, number][] {
  return [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

type Step =
  | {
      readonly kind: "set" | "delete";
      readonly from: number;
      readonly count: number;
      readonly stride: number;
    }
  | { readonly kind: "clone" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("set" as const, "delete" as const),
      from: fc.nat(2_000),
      count: fc.nat(600),
      stride: fc.constantFrom(1, 1, 3, 7, 997),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "clone" as const }) },
);

const keyOf = (number: number): string => (number % 3_000).toString(36).padStart(4, "0");

test("a sorted map behaves like a map, and a clone like a copy", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => {
      let map = new SortedMap<number>();
      const model = new Map<string, number>();
      const copies: [SortedMap<number>, [string, number][]][] = [];
      let clock = 0;
      for (const next of steps) {
        if (next.kind === "clone") {
          const copy = map.clone();
          copies.push(clock % 2 === 0 ? [copy, sorted(model)] : [map, sorted(model)]);
          if (clock % 2 === 1) map = copy;
          clock += 1;
          continue;
        }
        for (let at = 0; at < next.count; at += 1) {
          const key = keyOf(next.from + at * next.stride);
          clock += 1;
          if (next.kind === "set") {
            map.set(key, clock);
            model.set(key, clock);
          } else {
            if (map.delete(key) !== model.delete(key)) expect.unreachable(key);
          }
        }
        expect(map.size).toBe(model.size);
      }
      expect(entriesOf(map)).toEqual(sorted(model));
      for (const [key, value] of model) if (map.get(key) !== value) expect(map.get(key)).toBe(value);
      const from = keyOf(1_234);
      expect(entriesOf(map, from)).toEqual(sorted(model).filter(([key]) => key >= from));
      for (const [copy, expected] of copies) expect(entriesOf(copy)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("a scan stops when told to", () => {
  const map = new SortedMap<number>();
  for (let at = 0; at < 500; at += 1) map.set(keyOf(at), at);
  const seen: number[] = [];
  map.scan(keyOf(100), (_key, value) => {
    seen.push(value);
    return seen.length < 3;
  });
  expect(seen).toEqual([100, 101, 102]);
});
