import type { OpRecord } from "@flotilla/history";
import { expect, test } from "vitest";
import { MemberProcess } from "../src/processes/member-process.ts";
import type { Records } from "../src/verdict/judge.ts";
import { judgeExits, judgeRecords } from "../src/verdict/judge.ts";
import { timeline } from "../src/report/timeline.ts";

const nothing: Records = { ops: [], sessionOps: [], streams: [], beliefs: [], grants: [], fenced: [] };

/** The invariants that these records break. */
function brokenBy(records: Partial<Records>): string[] {
  return judgeRecords({ ...nothing, ...records }).violations.map(({ invariant }) => invariant);
}

const written: OpRecord = {
  id: 0,
  client: 0,
  session: "s",
  op: { type: "create", path: "/r/a", value: "x" },
  invoke_ns: 0,
  return_ns: 10,
  outcome: "ok",
  result: { version: 0, zxid: 1 },
};
const absent: OpRecord = {
  id: 1,
  client: 1,
  op: { type: "get", path: "/r/a" },
  invoke_ns: 20,
  return_ns: 30,
  outcome: "fail",
  result: { error: "NO_NODE" },
};

test("a write that was acknowledged and is gone is told", () => {
  expect(brokenBy({ ops: [written] })).toEqual([]);
  expect(brokenBy({ ops: [written, absent] })).toContain("LinearizableHistory");
});

test("writes of a session that took effect in another order are told", () => {
  const op = { kind: "session-op", session: "s", outcome: "ok" } as const;
  const sessionOps = [
    { ...op, seq: 1, zxid: 9, completed_ns: 5 },
    { ...op, seq: 2, zxid: 8, completed_ns: 6 },
  ];
  expect(brokenBy({ sessionOps })).toEqual(["SessionFifo"]);
});

test("two that hold at once, epochs that fall, and writes of one that was succeeded are told", () => {
  const belief = { kind: "belief", object: "l0", paused: [] } as const;
  const first = { ...belief, process: "a", epoch: 5, from_ns: 0, to_ns: 10 };
  const second = { ...belief, process: "b", epoch: 7, from_ns: 10, to_ns: 20 };
  expect(brokenBy({ beliefs: [first, second] })).toEqual([]);
  expect(brokenBy({ beliefs: [{ ...first, to_ns: 11 }, second] })).toEqual(["SingleHolder"]);
  expect(brokenBy({ beliefs: [first, { ...second, epoch: 4 }] })).toEqual(["EpochMonotone"]);
  const late = { kind: "fenced", process: "a", object: "l0", epoch: 5, revision: 8, at_ns: 11 } as const;
  expect(brokenBy({ grants: [first, second], fenced: [late] })).toEqual(["SingleHolder"]);
});

test("a watch that leaves out a write is told", () => {
  const stream = { kind: "watch-stream", client: "c0", session: "s" } as const;
  const start = { type: "snapshot", revision: 0, nodes: [] } as const;
  const created = { type: "created", revision: 1, path: "/r/a", version: 0, value: "x" } as const;
  const deleted = { type: "deleted", revision: 2, path: "/r/a" } as const;
  expect(brokenBy({ ops: [written], streams: [{ ...stream, items: [start, created, deleted] }] })).toEqual(
    [],
  );
  expect(brokenBy({ ops: [written], streams: [{ ...stream, items: [start, deleted] }] })).toContain(
    "WatchComplete",
  );
});

test("a member may end when told to, or with code 74 when its disk failed", () => {
  const member = new MemberProcess({ id: "n1", command: [] });
  member.exits.push({ code: null, signal: "SIGKILL", told: true });
  expect(judgeExits([member], new Set())).toEqual([]);
  member.exits.push({ code: 74, signal: null, told: false });
  expect(judgeExits([member], new Set(["n1"]))).toEqual([]);
  expect(judgeExits([member], new Set())).toHaveLength(1);
  member.exits.push({ code: 1, signal: null, told: false });
  expect(judgeExits([member], new Set(["n1"]))).toHaveLength(1);
});

test("the picture shows faults and what became of operations", () => {
  const picture = timeline(
    [written, absent],
    [{ kind: "pause", targets: ["n1"], fromMs: 0, toMs: 5 }],
    "<a>",
  );
  expect(picture).toContain("pause n1");
  expect(picture).toContain("&lt;a>");
  expect(picture.match(/#2f9e63/g)?.length).toBe(2);
});
