import { expect, test } from "vitest";
import { ownedNodes } from "../src/index.ts";
import type { OwnedReadRecord, OwnedRecord } from "../src/index.ts";

function owned(node: string, given: Partial<OwnedRecord> = {}): OwnedRecord {
  const own = { kind: "owned", object: "/o", owner: "s", node } as const;
  return { ...own, from_ns: 10, lived_ns: 50, gone_ns: 60, ...given };
}

function read(at: number, ...nodes: string[]): OwnedReadRecord {
  return { kind: "owned-read", object: "/o", nodes, invoke_ns: at, return_ns: at + 2 };
}

function rules(records: OwnedRecord[], ...reads: OwnedReadRecord[]): string[] {
  return ownedNodes(records, reads).violations.map(({ rule }) => rule);
}

test("accepts nodes that are there while their owner lives and gone afterwards, whatever is in between", () => {
  const pair = [owned("a"), owned("b")];
  expect(rules(pair, read(0), read(20, "a", "b"), read(55), read(55, "a", "b"), read(61))).toEqual([]);
  expect(rules([owned("a", { gone_ns: null })], read(99, "a"))).toEqual([]);
  expect(rules([owned("a")], { ...read(20), object: "/elsewhere" })).toEqual([]);
});

test("finds a node that ends before its owner", () => {
  expect(rules([owned("a")], read(20))).toEqual(["ended-early"]);
});

test("finds a node that outlives its owner", () => {
  expect(rules([owned("a")], read(61, "a"))).toEqual(["outlived"]);
});

test("finds nodes of one owner that end one by one", () => {
  expect(rules([owned("a"), owned("b")], read(55, "b"))).toEqual(["torn"]);
  expect(rules([owned("a"), owned("b", { owner: "t" })], read(55, "b"))).toEqual([]);
});
