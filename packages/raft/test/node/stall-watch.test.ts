import { expect, test } from "vitest";
import { StallWatch } from "../../src/node/stall-watch.ts";

/** Ticks every 100 ms, each so late; the numbers of the ticks that ended a third bad window. */
function verdicts(lateness: readonly number[]): number[] {
  const watch = new StallWatch(1000, 0);
  return lateness.flatMap((lateMs, k) => (watch.ticked((k + 1) * 100, lateMs) ? [k + 1] : []));
}

/** A window of ten ticks in which one comes so late. */
function window(lateMs: number): number[] {
  return Array.from({ length: 10 }, (_, k) => (k === 4 ? lateMs : 1));
}

test("three windows in a row with a tick more than half an election timeout late are too many", () => {
  expect(verdicts([501, 501, 501].flatMap(window))).toEqual([30]);
  expect(verdicts([501, 501, 501, 501, 501, 501].flatMap(window))).toEqual([30, 60]);
});

test("a window without one begins the count anew", () => {
  expect(verdicts([900, 900, 500, 900, 900, 500].flatMap(window))).toEqual([]);
});

test("one stall, however long, is one bad window", () => {
  const watch = new StallWatch(1000, 0);
  expect(watch.ticked(60_000, 59_900)).toBe(false);
  expect(watch.ticked(60_100, 0)).toBe(false);
});
