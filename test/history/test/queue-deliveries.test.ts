import { expect, test } from "vitest";
import { queueDeliveries, queueOnce } from "../src/index.ts";
import type { QueueRecord } from "../src/index.ts";

let clock = 0;

function call(type: QueueRecord["type"], value: string | null, given: Partial<QueueRecord>): QueueRecord {
  clock += 10;
  const [invoke_ns, return_ns] = [clock, clock + 5];
  return { kind: "queue", object: "q", type, value, invoke_ns, return_ns, outcome: "ok", ...given };
}

type Given = Partial<QueueRecord>;
const put = (value: string, given: Given = {}): QueueRecord => call("enqueue", value, given);
const deliver = (value: string, epoch: number, deliveries = 1, given: Given = {}): QueueRecord =>
  call("deliver", value, { epoch, deliveries, ...given });
const done = (value: string, epoch: number, given: Given = {}): QueueRecord =>
  call("dequeue", value, { epoch, ...given });
const empty = (given: Given = {}): QueueRecord => call("dequeue", null, given);
const unknown = { outcome: "unknown", return_ns: null } as const;

function rules(...records: QueueRecord[]): string[] {
  const reports = [queueOnce(records), queueDeliveries(records)];
  return reports.flatMap(({ violations }) => violations.map(({ rule }) => rule));
}

test("accepts values that are delivered again until they are taken out, and deliveries nobody saw", () => {
  expect(rules(put("a"), deliver("a", 5), done("a", 5), empty())).toEqual([]);
  expect(rules(put("a"), deliver("a", 5), deliver("a", 9, 2), done("a", 9), empty())).toEqual([]);
  expect(rules(put("a"), deliver("a", 5, 3), done("a", 5, { outcome: "fail" }))).toEqual([]);
  expect(rules(put("a", unknown), deliver("a", 5), done("a", 5))).toEqual([]);
});

test("accepts that a taking of unknown outcome took effect, or did not", () => {
  expect(rules(put("a"), deliver("a", 5), done("a", 5, unknown), empty())).toEqual([]);
  expect(rules(put("a"), deliver("a", 5), done("a", 5, unknown), deliver("a", 9, 2), done("a", 9))).toEqual(
    [],
  );
});

test("finds a value that is delivered although nobody put it in", () => {
  expect(rules(deliver("a", 5))).toEqual(["delivered-phantom"]);
  expect(rules(put("a", { outcome: "fail" }), deliver("a", 5))).toEqual(["delivered-phantom"]);
  expect(rules(deliver("a", 5), put("a"))).toEqual(["delivered-too-early"]);
});

test("finds a value that two have, or that is miscounted", () => {
  expect(rules(put("a"), deliver("a", 5), deliver("a", 5))).toEqual(["delivered-twice"]);
  expect(rules(put("a"), deliver("a", 5, 2), deliver("a", 9, 1))).toEqual(["miscounted"]);
});

test("finds a value that is delivered after it was taken out, or taken out by who lost it", () => {
  expect(rules(put("a"), deliver("a", 5), done("a", 5), deliver("a", 9, 2))).toEqual(["delivered-again"]);
  expect(rules(put("a"), deliver("a", 5), deliver("a", 9, 2), done("a", 5))).toEqual(["delivered-again"]);
  expect(rules(put("a"), deliver("a", 5), deliver("a", 9, 2), done("a", 9), done("a", 5))).toEqual([
    "taken-twice",
    "delivered-again",
  ]);
});

test("finds a value that is overtaken, told by epochs and not by when takers heard of it", () => {
  expect(rules(put("a"), put("b"), deliver("b", 5), deliver("a", 9))).toEqual(["delivered-out-of-order"]);
  expect(rules(put("a"), put("b"), deliver("b", 9), deliver("a", 5))).toEqual([]);
  expect(rules(put("a"), put("b"), deliver("b", 5), deliver("a", 5))).toEqual([]);
  // It was delivered before, to somebody who did not hear of it.
  expect(rules(put("a"), put("b"), deliver("b", 5), deliver("a", 9, 2))).toEqual([]);
  const together = { invoke_ns: 0, return_ns: 1e9 };
  expect(rules(put("a", together), put("b"), deliver("b", 5), deliver("a", 9))).toEqual([]);
});

test("finds a value that is lost: nobody is handed it, and nobody may have taken it out", () => {
  expect(rules(put("a"), deliver("a", 5), empty())).toEqual(["lost"]);
  expect(rules(put("a"), put("b"), deliver("b", 5, 2), done("b", 5, unknown), empty())).toEqual(["lost"]);
  expect(rules(put("a"), deliver("a", 5), done("a", 5, { outcome: "fail" }), empty())).toEqual(["lost"]);
});
