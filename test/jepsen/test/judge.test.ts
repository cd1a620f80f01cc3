import type { OpRecord } from "@flotilla/history";
import { expect, test } from "vitest";
import { MemberProcess } from "../src/processes/member-process.ts";
import { judgeExits, judgeHistory } from "../src/verdict/judge.ts";
import { timeline } from "../src/report/timeline.ts";

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
  expect(judgeHistory([written], []).violations).toEqual([]);
  const invariants = judgeHistory([written, absent], []).violations.map(({ invariant }) => invariant);
  expect(invariants).toContain("LinearizableHistory");
});

test("writes of a session that took effect in another order are told", () => {
  const op = { kind: "session-op", session: "s", outcome: "ok" } as const;
  const broken = judgeHistory(
    [],
    [
      { ...op, seq: 1, zxid: 9, completed_ns: 5 },
      { ...op, seq: 2, zxid: 8, completed_ns: 6 },
    ],
  );
  expect(broken.violations.map(({ invariant }) => invariant)).toEqual(["SessionFifo"]);
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
