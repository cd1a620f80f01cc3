import { HistoryWriter } from "@flotilla/history";
import type { OpRecord } from "@flotilla/history";
import { expect, test } from "vitest";
import { MemberProcess } from "../src/processes/member-process.ts";
import { judgeExits, judgeFile } from "../src/verdict/judge.ts";
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

test("a write that was acknowledged and is gone is told, as it stands in the file", () => {
  const history = new HistoryWriter({ name: "a" });
  const { op, result } = written;
  history.ok(history.invoke(history.newClient(), op, 0), 10, result);
  expect(judgeFile(history.toJsonLines())).toEqual({ checked: 1, undecided: 0, violations: [] });
  history.fail(history.invoke(history.newClient(), absent.op, 20), 30, "NO_NODE");
  const { violations } = judgeFile(history.toJsonLines());
  expect(violations.map(({ invariant }) => invariant)).toContain("LinearizableHistory");
});

const none = { failedDisks: new Set<string>(), removed: new Set<string>() };

test("a member that was removed may end well", () => {
  const member = new MemberProcess({ id: "n1", command: [] });
  member.exits.push({ code: 0, signal: null, told: null });
  expect(judgeExits([member], none)).toHaveLength(1);
  expect(judgeExits([member], { ...none, removed: new Set(["n1"]) })).toEqual([]);
  member.exits.push({ code: 70, signal: null, told: null });
  expect(judgeExits([member], { ...none, removed: new Set(["n1"]) })).toHaveLength(1);
});

test("a member may end when told to, or with code 74 when its disk failed", () => {
  const member = new MemberProcess({ id: "n1", command: [] });
  member.exits.push({ code: null, signal: "SIGKILL", told: "SIGKILL" });
  expect(judgeExits([member], none)).toEqual([]);
  member.exits.push({ code: 74, signal: null, told: null });
  expect(judgeExits([member], { ...none, failedDisks: new Set(["n1"]) })).toEqual([]);
  expect(judgeExits([member], none)).toHaveLength(1);
  member.exits.push({ code: 1, signal: null, told: null });
  expect(judgeExits([member], { ...none, failedDisks: new Set(["n1"]) })).toHaveLength(1);
});

test("a member that is told to end in order does", () => {
  const member = new MemberProcess({ id: "n1", command: [] });
  member.exits.push({ code: 0, signal: null, told: "SIGTERM" });
  // Before it listens.
  member.exits.push({ code: null, signal: "SIGTERM", told: "SIGTERM" });
  expect(judgeExits([member], none)).toEqual([]);
  member.exits.push({ code: 74, signal: null, told: "SIGTERM" });
  expect(judgeExits([member], { ...none, failedDisks: new Set(["n1"]) })).toEqual([]);
  expect(judgeExits([member], none)).toHaveLength(1);
  member.exits.push({ code: 1, signal: null, told: "SIGTERM" });
  member.exits.push({ code: null, signal: "SIGSEGV", told: "SIGTERM" });
  expect(judgeExits([member], none).map(({ message }) => message)).toEqual([
    "n1 ended on SIGTERM: 74",
    "n1 ended on SIGTERM: 1",
    "n1 ended on SIGTERM: SIGSEGV",
  ]);
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
