import { describe, expect, test } from "vitest";
import { checkLinearizability } from "../src/index.ts";
import type { Operation, OpRecord, OpResult, Resolution } from "../src/index.ts";

type Step = readonly [Operation["type"], Omit<Operation, "type" | "path">, OpResult | string | null];

/** One operation after the other; a string result is a failure, `null` an unknown outcome. */
function sequence(...steps: readonly Step[]): OpRecord[] {
  return steps.map(([type, fields, result], index) => {
    const base = { id: index, client: index, op: { type, path: "/a", ...fields }, invoke_ns: index * 10 };
    if (result === null) return { ...base, return_ns: null, outcome: "unknown", result: null };
    if (typeof result === "string")
      return { ...base, return_ns: index * 10 + 5, outcome: "fail", result: { error: result } };
    return { ...base, return_ns: index * 10 + 5, outcome: "ok", result };
  });
}

function verdict(...steps: readonly Step[]): string {
  return checkLinearizability(sequence(...steps)).verdict;
}

const create: Step = ["create", { value: "x" }, { version: 0, zxid: 5 }];
const bad = "not-linearizable";
const good = "linearizable";

describe("versioned register", () => {
  test("versions count from 0 at creation, by 1 at every write, and restart after a delete", () => {
    expect(
      verdict(
        create,
        ["set", { value: "y" }, { version: 1 }],
        ["delete", {}, {}],
        ["create", { value: "z" }, { version: 0 }],
      ),
    ).toBe(good);
    expect(verdict(["create", { value: "x" }, { version: 1 }])).toBe(bad);
    expect(verdict(create, ["set", { value: "y" }, { version: 2 }])).toBe(bad);
  });

  test("zxids of a path only grow, also across a delete and past writes that nobody saw", () => {
    expect(verdict(create, ["set", { value: "y" }, { zxid: 6 }])).toBe(good);
    expect(verdict(create, ["set", { value: "y" }, { zxid: 5 }])).toBe(bad);
    expect(verdict(create, ["delete", {}, { zxid: 9 }], ["create", { value: "y" }, { zxid: 9 }])).toBe(bad);
    expect(verdict(create, ["set", { value: "y" }, {}], ["get", {}, { value: "y", zxid: 6 }])).toBe(good);
    expect(verdict(create, ["set", { value: "y" }, {}], ["get", {}, { value: "y", zxid: 5 }])).toBe(bad);
    expect(
      verdict(create, ["set", { value: "y" }, {}], ["set", { value: "z" }, {}], ["get", {}, { zxid: 6 }]),
    ).toBe(bad);
  });

  test("two reads agree on the zxid of a write that reported none", () => {
    const set: Step = ["set", { value: "y" }, {}];
    expect(verdict(create, set, ["get", {}, { zxid: 8 }], ["get", {}, { zxid: 8 }])).toBe(good);
    expect(verdict(create, set, ["get", {}, { zxid: 8 }], ["get", {}, { zxid: 9 }])).toBe(bad);
  });

  test("refusals are observations", () => {
    expect(verdict(create, ["create", { value: "y" }, "NODE_EXISTS"])).toBe(good);
    expect(verdict(["create", { value: "y" }, "NODE_EXISTS"])).toBe(bad);
    expect(verdict(["get", {}, "NO_NODE"])).toBe(good);
    expect(verdict(create, ["get", {}, "NO_NODE"])).toBe(bad);
    expect(verdict(create, ["cas", { value: "y", expectedVersion: 3 }, "BAD_VERSION"])).toBe(good);
    expect(verdict(create, ["cas", { value: "y", expectedVersion: 0 }, "BAD_VERSION"])).toBe(bad);
    expect(verdict(create, ["set", { value: "y" }, "BAD_VERSION"])).toBe(bad);
  });

  test("existence is checked when it was reported", () => {
    expect(
      verdict(["exists", {}, { exists: false }], create, ["exists", {}, { exists: true, version: 0 }]),
    ).toBe(good);
    expect(verdict(["exists", {}, { exists: true }])).toBe(bad);
    expect(verdict(create, ["exists", {}, { exists: false }])).toBe(bad);
    expect(verdict(["exists", {}, {}])).toBe(good);
    expect(verdict(["get", {}, {}])).toBe(bad);
  });

  test("other failures and unknown reads say nothing", () => {
    const result = checkLinearizability(
      sequence(create, ["set", { value: "y" }, "OVERLOADED"], ["get", {}, null]),
    );
    expect(result).toMatchObject({ verdict: good, ops: 3, checked: 1, dropped: 2, unknown: 0 });
  });

  test("an unknown write may happen at any later time, once, or never", () => {
    const lost: Step = ["set", { value: "y" }, null];
    const old: Step = ["get", {}, { value: "x" }];
    const fresh: Step = ["get", {}, { value: "y" }];
    expect(verdict(create, lost, old, old)).toBe(good);
    expect(verdict(create, lost, old, fresh)).toBe(good);
    expect(verdict(create, lost, fresh, old)).toBe(bad);
    expect(
      verdict(create, lost, ["set", { value: "z" }, {}], fresh, ["set", { value: "w" }, {}], fresh),
    ).toBe(bad);
    expect(verdict(create, ["get", {}, { value: "y" }], lost)).toBe(bad);
  });

  test("paths are judged apart, and the bad one is named", () => {
    const other = sequence(["get", {}, { value: "never" }]).map((r) => ({
      ...r,
      id: 9,
      op: { ...r.op, path: "/b" },
    }));
    const result = checkLinearizability([...sequence(create), ...other]);
    expect(result).toMatchObject({ verdict: bad, paths: 2, firstBadPath: "/b" });
    expect(result.explain).toContain("no place for #9");
  });
});

function history(resolved: Resolution, seen: string): OpRecord[] {
  return sequence(create, ["set", { value: "y" }, null], ["get", {}, { value: seen }]).map((record) =>
    record.outcome === "unknown" ? { ...record, resolved } : record,
  );
}

function assisted(resolved: Resolution, seen: string): string {
  const records = history(resolved, seen);
  expect(checkLinearizability(records).verdict).toBe(good);
  return checkLinearizability(records, { assisted: true }).verdict;
}

test("an explanation names the answer that holds everything back", () => {
  const set: Step = ["set", { value: "y" }, { zxid: 6 }];
  const { explain } = checkLinearizability(sequence(create, set, ["get", {}, { zxid: 5 }]));
  expect(explain).toContain("at best 1 of 3 operations");
  expect(explain).toContain("state is then: version 0, zxid 5");
  expect(explain).toContain("no place for #1");
  expect(explain).toContain("nothing later fits before #2");
});

describe("assisted mode", () => {
  test("a write that the log lacks did not happen", () => {
    expect(assisted({ applied: false }, "x")).toBe(good);
    expect(assisted({ applied: false }, "y")).toBe(bad);
  });

  test("a write applied by a known time is seen from then on", () => {
    expect(assisted({ applied: true, at_ns: 12, zxid: 6 }, "y")).toBe(good);
    expect(assisted({ applied: true, at_ns: 12, zxid: 6 }, "x")).toBe(bad);
    expect(assisted({ applied: true, at_ns: 12, zxid: 4 }, "y")).toBe(bad);
    expect(assisted({ applied: true, zxid: 6 }, "x")).toBe(good);
  });
});
