import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram } from "../src/load/histogram.ts";

const durations = fc.array(fc.double({ min: 0, max: 400_000, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});
const share = fc.double({ min: 0, max: 1, noNaN: true });

function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

function of(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test("every quantile lies within 1.6 % and one unit of the exact one", () => {
  fc.assert(
    fc.property(durations, share, (values, q) => {
      const expected = exact(values, q);
      const found = of(values).quantileMs(q);
      expect(found).toBeGreaterThanOrEqual(expected - 0.0001);
      expect(found).toBeLessThanOrEqual(expected * (1 + 1 / 64) + 0.0001);
    }),
  );
});

test("the largest value is exact to the unit", () => {
  fc.assert(
    fc.property(durations, (values) => {
      expect(Math.abs(of(values).maxMs - Math.max(...values))).toBeLessThanOrEqual(0.000_051);
    }),
  );
});

test("histograms put together equal one of everything", () => {
  fc.assert(
    fc.property(durations, durations, (some, others) => {
      const joined = of(some);
      joined.add(of(others).toData());
      expect(joined.toData()).toEqual(of([...some, ...others]).toData());
      expect(joined.count).toBe(some.length + others.length);
    }),
  );
});

test("nothing recorded reads as zero", () => {
  expect(new Histogram().quantileMs(0.99)).toBe(0);
  expect(new Histogram().maxMs).toBe(0);
});

test("what is longer than the range counts as the end of the range", () => {
  const histogram = of([1e12]);
  expect(histogram.count).toBe(1);
  expect(histogram.maxMs).toBeCloseTo(429_496.7295, 3);
});
