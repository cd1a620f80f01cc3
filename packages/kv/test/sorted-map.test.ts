import fc from "fast-check";
import { expect, test } from "vitest";
import type { Measure } from "../src/sorted-map.ts";
import { SortedMap } from "../src/sorted-map.ts";

/** What a range holds, counted one by one. */
function counted(entries: readonly [string, number][], from: string, to: string | null): Measure {
  const within = entries.filter(([key]) => key >= from && (to === null || key < to));
  return { count: within.length, weight: within.reduce((sum, [, value]) => sum + weightOf(value), 0) };
}

function weightOf(value: number): number {
  return value % 1_000;
}

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
      readonly kind: "set" | "append" | "delete";
      readonly from: number;
      readonly count: number;
      readonly stride: number;
    }
  | { readonly kind: "clone" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("set" as const, "append" as const, "delete" as const),
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
      let map = new SortedMap(weightOf);
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
          if (next.kind !== "delete") {
            if (next.kind === "set") map.set(key, clock);
            else map.append(key, clock);
            model.set(key, clock);
          } else if (map.delete(key) !== model.delete(key)) expect.unreachable(key);
        }
        expect(map.size).toBe(model.size);
      }
      expect(entriesOf(map)).toEqual(sorted(model));
      for (const [key, value] of model) if (map.get(key) !== value) expect(map.get(key)).toBe(value);
      const from = keyOf(1_234);
      expect(entriesOf(map, from)).toEqual(sorted(model).filter(([key]) => key >= from));
      const bounds = ["", keyOf(7), from, keyOf(2_000)];
      for (const [copy, expected] of [[map, sorted(model)] as const, ...copies]) {
        expect(entriesOf(copy)).toEqual(expected);
        for (const [at, low] of bounds.entries()) {
          for (const high of [null, ...bounds.slice(at)])
            expect(copy.measure(low, high)).toEqual(counted(expected, low, high));
        }
      }
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("a value that was changed in place weighs anew, and not in the clone before", () => {
  const weights = new Map<string, { readonly bytes: number }>();
  const map = new SortedMap<string>((key) => weights.get(key)?.bytes ?? 0);
  for (let at = 0; at < 3_000; at += 1) {
    weights.set(keyOf(at), { bytes: 1 });
    map.set(keyOf(at), keyOf(at));
  }
  const clone = map.clone();
  for (let at = 0; at < 3_000; at += 7) {
    weights.set(keyOf(at), { bytes: 10 });
    map.reweigh(keyOf(at), 9);
  }
  expect(map.measure("", null)).toEqual({ count: 3_000, weight: 3_000 + 429 * 9 });
  expect(map.measure("", keyOf(70))).toEqual({ count: 70, weight: 70 + 10 * 9 });
  expect(clone.measure("", null)).toEqual({ count: 3_000, weight: 3_000 });
});

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
