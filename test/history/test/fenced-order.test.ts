import { expect, test } from "vitest";
import { fencedOrder } from "../src/index.ts";
import type { FencedRecord } from "../src/index.ts";

function write(epoch: number, revision: number, object = "lock"): FencedRecord {
  return { kind: "fenced", process: `p${epoch}`, object, epoch, revision, at_ns: revision };
}

const grants = [10, 20, 30].map((epoch) => ({ object: "lock", epoch }));

function rulesOf(...writes: readonly FencedRecord[]): string[] {
  return fencedOrder(writes, grants).violations.map(({ rule }) => rule);
}

test("accepts writes of holders in their time, and those of other objects", () => {
  expect(rulesOf(write(10, 11), write(10, 19), write(20, 21), write(30, 99))).toEqual([]);
  expect(rulesOf(write(10, 99, "other"))).toEqual([]);
});

test("finds a write of one that was succeeded, also by one that never wrote", () => {
  expect(rulesOf(write(10, 20))).toEqual(["stale-holder"]);
  expect(rulesOf(write(10, 25), write(30, 31))).toEqual(["stale-holder"]);
});

test("finds a write before its own grant", () => {
  expect(rulesOf(write(20, 20))).toEqual(["before-grant"]);
});
