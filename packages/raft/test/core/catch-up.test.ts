import { expect, test } from "vitest";
import { CatchUp } from "../../src/core/tracker/catch-up.ts";

const electionTicks = 10;

test("a learner has caught up when a round took an election timeout, and not when it took a tick more", () => {
  for (const [took, isQuick] of [
    [electionTicks, true],
    [electionTicks + 1, false],
  ] as const) {
    const catchUp = new CatchUp(100, 5);
    expect(catchUp.isDone(5, electionTicks)).toBe(false);
    catchUp.heard(100, 120, 5 + took, electionTicks);
    expect(catchUp.isDone(5 + took, electionTicks)).toBe(isQuick);
  }
});

test("it stays so for as long as the next round may take, and is judged by that round anew", () => {
  const catchUp = new CatchUp(100, 0);
  catchUp.heard(99, 100, 1, electionTicks);
  expect(catchUp.isDone(1, electionTicks)).toBe(false);
  catchUp.heard(100, 120, 2, electionTicks);
  expect(catchUp.isDone(2 + electionTicks, electionTicks)).toBe(true);
  expect(catchUp.isDone(3 + electionTicks, electionTicks)).toBe(false);
  catchUp.heard(119, 140, 4, electionTicks);
  catchUp.heard(120, 140, 3 + electionTicks, electionTicks);
  expect(catchUp.isDone(3 + electionTicks, electionTicks)).toBe(false);
  catchUp.heard(140, 140, 4 + electionTicks, electionTicks);
  expect(catchUp.isDone(4 + electionTicks, electionTicks)).toBe(true);
});
