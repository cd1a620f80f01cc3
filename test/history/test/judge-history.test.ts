import { expect, test } from "vitest";
import { brokenIn, HistoryFormatError, judgeHistory, parseHistory } from "../src/index.ts";

const create = {
  id: 0,
  client: 0,
  session: "s",
  op: { type: "create", path: "/r/a", value: "x" },
  invoke_ns: 0,
  return_ns: 10,
  outcome: "ok",
  result: { version: 0, zxid: 2 },
};
const told = { kind: "watch", client: "c", session: "w", mode: "recursive" };
const snapshot = { ...told, at_ns: 1, event: { type: "snapshot", revision: 1, nodes: [] } };
const created = {
  ...told,
  at_ns: 2,
  event: { type: "created", revision: 2, path: "/r/a", version: 0, value: "x" },
};
const again = {
  ...told,
  at_ns: 3,
  event: { type: "changed", revision: 3, path: "/r/a", version: 1, value: "x" },
};
const belief = { kind: "belief", process: "p", object: "l", epoch: 1, from_ns: 0, to_ns: 9, paused: [] };
const call = { object: "o", invoke_ns: 0, return_ns: 5, outcome: "ok" };

function lines(...records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

/** The invariants that a file with these records breaks. */
function broken(...records: readonly object[]): string[] {
  return brokenIn(judgeHistory(parseHistory(lines(...records)))).map(({ invariant }) => invariant);
}

test("judges a whole file by every checker that it has records for", () => {
  const judgement = judgeHistory(parseHistory(lines(create, snapshot, created, belief)));
  expect(brokenIn(judgement)).toEqual([]);
  expect(judgement.opinions.map(({ checker }) => checker)).toEqual([
    "ZxidWitness",
    "ExactlyOnce",
    "WatchComplete",
    "SingleHolder",
    "EpochMonotone",
  ]);
});

test.each([
  [
    "LinearizableHistory",
    [
      create,
      {
        ...create,
        id: 1,
        client: 1,
        op: { type: "get", path: "/r/a" },
        invoke_ns: 20,
        return_ns: 30,
        result: { value: "y" },
      },
    ],
  ],
  [
    "LinearizableHistory",
    [
      create,
      {
        ...create,
        id: 1,
        client: 1,
        op: { ...create.op, path: "/r/b", value: "y" },
        invoke_ns: 20,
        return_ns: 30,
        result: { version: 0, zxid: 1 },
      },
    ],
  ],
  [
    "SessionFifo",
    [
      { kind: "session-op", session: "s", seq: 1, outcome: "ok", zxid: 5, completed_ns: 1 },
      { kind: "session-op", session: "s", seq: 2, outcome: "ok", zxid: 4, completed_ns: 2 },
    ],
  ],
  ["ExactlyOnce", [create, snapshot, created, again]],
  ["WatchComplete", [create, snapshot, again]],
  [
    "WatchComplete",
    [create, snapshot, created, { kind: "watch-end", client: "c", session: "w", until: 7, at_ns: 4 }],
  ],
  ["WatchComplete", [create, { kind: "watch-end", client: "c", session: "w", until: 7, at_ns: 4 }]],
  ["SingleHolder", [belief, { ...belief, process: "q", epoch: 2, from_ns: 5 }]],
  [
    "SingleHolder",
    [
      { kind: "grant", object: "l", epoch: 5 },
      { kind: "grant", object: "l", epoch: 7 },
      { kind: "fenced", process: "p", object: "l", epoch: 5, revision: 8 },
    ],
  ],
  ["GrantBelieved", [{ kind: "grant", object: "l", epoch: 5, believed: false }]],
  ["EpochMonotone", [belief, { ...belief, epoch: 0, from_ns: 20, to_ns: 30 }]],
  [
    "EphemeralOwned",
    [
      { kind: "owned", object: "o", owner: "s", node: "n", from_ns: 0, lived_ns: 9, gone_ns: null },
      { kind: "owned-read", object: "o", nodes: [], invoke_ns: 2, return_ns: 3 },
    ],
  ],
  ["CounterExact", [{ kind: "counter", ...call, type: "get", by: 0, value: 1 }]],
  ["QueueOnce", [{ kind: "queue", ...call, type: "dequeue", value: "x" }]],
  ["SetComplete", [{ kind: "set", ...call, type: "read", elements: ["x"] }]],
])("finds a broken %s in a file", (invariant, records) => {
  expect(broken(...records)).toContain(invariant);
});

test("refuses a record without a field that its checker reads, and one that is misspelt", () => {
  const { epoch: _, ...without } = belief;
  expect(() => parseHistory(lines(without))).toThrow(HistoryFormatError);
  expect(() => parseHistory(lines({ ...belief, form_ns: 3 }))).toThrow("line 1");
  expect(() => parseHistory(lines({ ...created, event: { type: "created", revision: 2 } }))).toThrow("event");
});

test("says undecided at its bound", () => {
  const judgement = judgeHistory(parseHistory(lines(create)), { maxSteps: 0 });
  expect(judgement.undecided).toBe(1);
});
