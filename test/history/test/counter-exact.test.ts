import { expect, test } from "vitest";
import { counterExact } from "../src/index.ts";
import type { CounterRecord } from "../src/index.ts";

let clock = 0;

/** One call after the other, unless times are given. */
function add(by: number, value: number | null, given: Partial<CounterRecord> = {}): CounterRecord {
  clock += 10;
  const outcome = value === null ? "unknown" : "ok";
  const return_ns = value === null ? null : clock + 5;
  const type = by === 0 ? "get" : "add";
  return { kind: "counter", object: "k", type, by, value, invoke_ns: clock, return_ns, outcome, ...given };
}

function get(value: number, given: Partial<CounterRecord> = {}): CounterRecord {
  return add(0, value, given);
}

function rules(...records: CounterRecord[]): string[] {
  return counterExact(records).violations.map(({ rule }) => rule);
}

test("accepts additions one after the other, at once, of unknown outcome, and on other counters", () => {
  expect(rules(add(1, 1), add(2, 3), get(3))).toEqual([]);
  expect(rules(add(3, 4, { invoke_ns: 0, return_ns: 9 }), add(1, 1, { invoke_ns: 0, return_ns: 9 }))).toEqual(
    [],
  );
  expect(rules(add(1, 1), add(5, null), get(1), get(6), add(1, 7))).toEqual([]);
  expect(rules(add(1, 1), add(1, 1, { object: "other" }))).toEqual([]);
});

test("finds an addition that is lost", () => {
  expect(
    rules(add(1, 1, { invoke_ns: 0, return_ns: 90 }), add(1, 1, { invoke_ns: 0, return_ns: 90 })),
  ).toEqual(["lost-addition"]);
});

test("finds a number between those before and after an addition", () => {
  expect(rules(add(4, null), add(4, 8), get(6, { invoke_ns: 0, return_ns: 1e6 }))).toEqual(["half-counted"]);
});

test("finds answers that go back", () => {
  expect(rules(add(1, 1), add(1, 2), get(1))).toEqual(["went-back"]);
  expect(rules(add(1, 1), get(1), get(0))).toEqual(["went-back"]);
});

test("finds an addition that counted twice, or without having been made", () => {
  expect(rules(add(1, 1), get(2))).toEqual(["counted-twice"]);
  expect(rules(add(1, 1), add(3, null), get(5))).toEqual(["counted-twice"]);
  const refused = add(2, null, { outcome: "fail", return_ns: 1e9 });
  expect(rules(refused, get(2))).toEqual(["counted-twice"]);
});
