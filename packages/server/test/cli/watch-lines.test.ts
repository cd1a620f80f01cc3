import type { Stat } from "@flotilla/coord/client";
import { expect, test } from "vitest";
import { forPeople, forPrograms } from "../../src/commands/watch-lines.ts";

const stat = { version: 3 } as Stat;
const token = { historyId: "h", revision: 7, ordinal: 0 };
const node = (value: string) => ({ value: new TextEncoder().encode(value), stat });
const changed = { type: "changed", path: "/a", revision: 7, token, node: node("new") } as const;
const nodes = [{ path: "/a", node: node("now") }];
const snapshot = { type: "snapshot", revision: 7, token, reason: "compacted", nodes } as const;

test("for people, a line a change", () => {
  expect(forPeople(changed)).toEqual(["7  changed  /a  new"]);
  expect(forPeople({ ...changed, previous: node("old") })).toEqual(["7  changed  /a  new  was old"]);
  expect(forPeople({ ...changed, type: "created", previous: null })).toEqual(["7  created  /a  new"]);
  expect(forPeople({ ...changed, type: "deleted", node: null })).toEqual(["7  deleted  /a"]);
  expect(forPeople({ type: "bookmark", revision: 7, token })).toEqual(["7  bookmark"]);
});

test.each([
  ["asked", ""],
  ["compacted", "changes were compacted; "],
  ["other-history", "the history is another; "],
  ["fell-behind", "fell behind; "],
] as const)("for people, a snapshot that is %s says why", (reason, why) => {
  const lines = [`7  snapshot  ${why}1 nodes now:`, "7  present  /a  now"];
  expect(forPeople({ ...snapshot, reason })).toEqual(lines);
});

test("for programs, values only when there are any", () => {
  const value = { value: "new", encoding: "utf8" };
  const head = { path: "/a", type: "changed", revision: 7, token };
  expect(forPrograms(changed, "values")).toEqual({ ...head, ...value, stat });
  expect(forPrograms(changed, "no values")).toEqual({ ...head, stat });
  expect(forPrograms({ ...changed, previous: null }, "values")).toEqual({
    ...head,
    ...value,
    stat,
    previous: null,
  });
  expect(forPrograms({ ...changed, previous: node("old") }, "no values")).toMatchObject({
    previous: { path: "/a", stat },
  });
  expect(forPrograms(snapshot, "values")).toMatchObject({
    reason: "compacted",
    nodes: [{ path: "/a", value: "now" }],
  });
  expect(forPrograms({ type: "bookmark", revision: 7, token }, "values")).toEqual({
    type: "bookmark",
    revision: 7,
    token,
  });
});
