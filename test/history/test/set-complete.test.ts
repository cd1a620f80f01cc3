import { expect, test } from "vitest";
import { setComplete } from "../src/index.ts";
import type { SetRecord } from "../src/index.ts";

let clock = 0;

function call(type: SetRecord["type"], elements: string[], given: Partial<SetRecord> = {}): SetRecord {
  clock += 10;
  const [invoke_ns, return_ns] = [clock, clock + 5];
  return { kind: "set", object: "s", type, elements, invoke_ns, return_ns, outcome: "ok", ...given };
}

const add = (elements: string[], given: Partial<SetRecord> = {}): SetRecord => call("add", elements, given);
const remove = (elements: string[], given: Partial<SetRecord> = {}): SetRecord =>
  call("remove", elements, given);
const read = (elements: string[], given: Partial<SetRecord> = {}): SetRecord => call("read", elements, given);
const unknown = { outcome: "unknown", return_ns: null } as const;

function rules(...records: SetRecord[]): string[] {
  return setComplete(records).violations.map(({ rule }) => rule);
}

test("accepts what is added, shown and removed in turn, at once, and of unknown outcome", () => {
  expect(rules(read([]), add(["a", "b"]), read(["b", "a"]), remove(["a", "b"]), read([]))).toEqual([]);
  expect(rules(add(["a"], { invoke_ns: 0, return_ns: 1e6 }), read([]), read(["a"]))).toEqual([]);
  expect(rules(add(["a"], unknown), read([]), read(["a"]), remove(["a"], unknown), read(["a"]))).toEqual([]);
  expect(rules(add(["a"]), add([], unknown), read(["a", "named-by-the-tree"]))).toEqual([]);
});

test("finds what is lost", () => {
  expect(rules(add(["a"]), read([]))).toEqual(["lost"]);
  expect(rules(add(["a"], unknown), read(["a"]), read([]))).toEqual(["lost"]);
});

test("finds what is shown in part", () => {
  expect(rules(add(["a", "b"]), read(["a"]))).toEqual(["torn"]);
});

test("finds what is shown too early, again after its removal, or out of nowhere", () => {
  expect(rules(read(["a"]), add(["a"]))).toEqual(["too-early"]);
  expect(rules(add(["a"], { outcome: "fail" }), read(["a"]))).toEqual(["too-early"]);
  expect(rules(add(["a"]), remove(["a"]), read(["a"]))).toEqual(["returned"]);
  expect(rules(add(["a"]), read(["a", "b"]))).toEqual(["phantom"]);
});

test("finds what comes back after it was gone, by a removal that nobody knows to have happened", () => {
  expect(rules(add(["a"]), remove(["a"], unknown), read([]), read([]))).toEqual([]);
  expect(rules(add(["a"]), remove(["a"], unknown), read([]), read(["a"]))).toEqual(["returned"]);
  expect(rules(add(["a"], unknown), read(["a"]), remove(["a"], unknown), read([]), read(["a"]))).toEqual([
    "returned",
  ]);
  const longRead = { invoke_ns: 0, return_ns: 1e9 } as const;
  expect(rules(add(["a"]), remove(["a"], unknown), read(["a"]), read([], longRead))).toEqual([]);
});

test("finds names and places that are given twice, and places that fall", () => {
  expect(rules(add(["a"]), add(["a"]))).toEqual(["added-twice"]);
  expect(rules(add(["a"], { order: 1 }), add(["b"], { order: 1 }))).toEqual(["place-twice"]);
  expect(rules(add(["a"], { order: 2 }), add(["b"], { order: 1 }))).toEqual(["place-order"]);
  expect(rules(add(["a"], { order: 2, invoke_ns: 0, return_ns: 1e6 }), add(["b"], { order: 1 }))).toEqual([]);
});
