import { expect, test } from "vitest";
import type { CounterCall, HandedId } from "../src/actors/accountant.ts";
import { judgeCounts } from "../src/verdict/counts.ts";
import { MadeLog } from "./_support/made-log.ts";

/** An addition that was acknowledged with a value, or is of unknown outcome. */
function add(by: number, value: number | null, outcome: CounterCall["outcome"] = "ok"): CounterCall {
  const isKnown = outcome !== "unknown";
  return {
    kind: "counter",
    object: "k0",
    type: "add",
    by,
    value,
    invoke_ns: 0,
    return_ns: isKnown ? 9 : null,
    outcome,
  };
}

/** A counter that went through these numbers, of which its users saw this. */
function broken(numbers: readonly number[], calls: readonly CounterCall[]): readonly string[] {
  const log = new MadeLog();
  for (const value of numbers) log.write("a", { path: "/counter/k0", value });
  log.ledger.counterCalls.push(...calls);
  judgeCounts(log);
  return log.broken;
}

test("a counter is what was acknowledged, and some of what is not known to have counted", () => {
  const calls = [add(2, 2), add(3, null, "unknown"), add(9, null, "fail"), add(1, 3)];
  expect(broken([2, 3], calls)).toEqual([]);
  expect(broken([2, 3, 6], calls)).toEqual([]);
});

test.each([
  ["an addition that is lost", [2], [add(2, 2), add(1, 3)]],
  ["two that led to the same number", [2, 2], [add(2, 2), add(2, 2)]],
  ["one that counted though it was refused", [2, 4], [add(2, 2), add(2, null, "fail")]],
  ["one that counted twice", [2, 5, 8], [add(2, 2), add(3, null, "unknown")]],
])("CounterExact notices %s", (_what, numbers, calls) => {
  expect(broken(numbers, calls)).toEqual(["CounterExact"]);
});

/** Ids of which so many were set aside, one more each ms. */
function brokenIds(setAside: number, handed: readonly HandedId[]): readonly string[] {
  const log = new MadeLog();
  for (let value = 1; value <= setAside; value += 1) {
    log.write("a", { path: "/ids/singly", value }, { path: "/ids/in-blocks", value });
  }
  log.ledger.handedIds.push(...handed);
  judgeCounts(log);
  return log.broken;
}

test("ids are handed out once each, those of blocks in any order", () => {
  const singly = [1, 3, 4].map((id) => ({ object: "singly", id, askedMs: id, atMs: id + 0.5 }) as const);
  const inBlocks = [3, 1].map(
    (id, at) => ({ object: "in-blocks", id, askedMs: 5 + at, atMs: 5 + at }) as const,
  );
  expect(brokenIds(5, [...singly, ...inBlocks])).toEqual([]);
});

test.each([
  [
    "one that two were handed",
    [
      { id: 2, askedMs: 3, atMs: 4 },
      { id: 2, askedMs: 3, atMs: 4 },
    ],
  ],
  ["one that nobody had set aside yet", [{ id: 3, askedMs: 1, atMs: 2 }]],
  [
    "one that is lower than what was handed out before it was asked for",
    [
      { id: 3, askedMs: 3, atMs: 4 },
      { id: 2, askedMs: 5, atMs: 6 },
    ],
  ],
])("IdsUnique notices %s", (_what, handed) => {
  expect(
    brokenIds(
      5,
      handed.map((one) => ({ object: "singly" as const, ...one })),
    ),
  ).toEqual(["IdsUnique"]);
});
