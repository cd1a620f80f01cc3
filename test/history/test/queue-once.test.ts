import { expect, test } from "vitest";
import { queueOnce } from "../src/index.ts";
import type { QueueRecord } from "../src/index.ts";

let clock = 0;

function call(
  type: QueueRecord["type"],
  value: string | null,
  given: Partial<QueueRecord> = {},
): QueueRecord {
  clock += 10;
  const [invoke_ns, return_ns] = [clock, clock + 5];
  return { kind: "queue", object: "q", type, value, invoke_ns, return_ns, outcome: "ok", ...given };
}

const put = (value: string, given: Partial<QueueRecord> = {}): QueueRecord => call("enqueue", value, given);
const take = (value: string | null, given: Partial<QueueRecord> = {}): QueueRecord =>
  call("dequeue", value, given);
const unknown = { outcome: "unknown", return_ns: null } as const;

function rules(...records: QueueRecord[]): string[] {
  return queueOnce(records).violations.map(({ rule }) => rule);
}

test("accepts values taken in order, at once, of unknown outcome, and left behind", () => {
  expect(rules(put("a"), put("b"), take("a"), take("b"), take(null))).toEqual([]);
  expect(rules(put("a", { invoke_ns: 0, return_ns: 1e6 }), put("b"), take("b"), take("a"))).toEqual([]);
  expect(rules(put("a", unknown), take("a"), put("b"), take(null, unknown), take(null))).toEqual([]);
  expect(rules(put("a"), put("b"), take("a"))).toEqual([]);
});

test("finds a value that is taken twice, or that nobody put in", () => {
  expect(rules(put("a"), take("a"), take("a"))).toEqual(["taken-twice"]);
  expect(rules(put("a"), take("b"))).toEqual(["phantom"]);
  expect(rules(put("a", { outcome: "fail" }), take("a"))).toEqual(["fail-with-effect"]);
  expect(rules(take("a"), put("a"))).toEqual(["too-early"]);
});

test("finds a value that is overtaken", () => {
  expect(rules(put("a"), put("b"), take("b"), take("a"))).toEqual(["overtaken"]);
});

test("finds a queue that is empty with values in it", () => {
  expect(rules(put("a"), take(null), take("a"))).toEqual(["lost"]);
  expect(rules(put("a"), take(null))).toEqual(["lost"]);
  expect(rules(put("a"), put("b"), take(null, unknown), take(null))).toEqual(["lost"]);
});
