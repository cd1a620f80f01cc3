import { describe, expect, test } from "vitest";
import { watchChain } from "../src/index.ts";
import type { ChainItem, ChainRecord, OpRecord } from "../src/index.ts";

const start: ChainItem = { type: "snapshot", revision: 1, nodes: [{ path: "/a", version: 4, value: "old" }] };
const good: readonly ChainItem[] = [
  start,
  { type: "changed", revision: 2, path: "/a", version: 5, value: "v2" },
  { type: "created", revision: 3, path: "/b", version: 0, value: "v3" },
  { type: "deleted", revision: 4, path: "/a" },
  { type: "created", revision: 5, path: "/a", version: 0, value: "v5" },
  { type: "changed", revision: 6, path: "/a", version: 1, value: "v6" },
];

/** Acknowledged writes of all values that the good stream shows. */
const ops: readonly OpRecord[] = good.flatMap((item, id) =>
  item.type === "snapshot" || item.value === undefined
    ? []
    : [write(id, item.path, item.value, item.revision)],
);

function write(id: number, path: string, value: string, zxid: number): OpRecord {
  const times = { invoke_ns: id, return_ns: id } as const;
  return { id, client: id, op: { type: "set", path, value }, ...times, outcome: "ok", result: { zxid } };
}

function rulesOf(
  items: readonly ChainItem[],
  written: readonly OpRecord[] = ops,
  more: Pick<ChainRecord, "until"> = {},
): string[] {
  const stream = { kind: "watch-stream", client: "c0", session: "s", items, ...more } as const;
  const { violations } = watchChain({ streams: [stream], ops: written });
  return [...new Set(violations.map(({ rule }) => rule))];
}

describe("watchChain", () => {
  test("accepts a stream that tells all", () => {
    expect(rulesOf(good)).toEqual([]);
    expect(rulesOf(good.slice(0, 3))).toEqual([]);
    expect(rulesOf([])).toEqual([]);
  });

  test("a snapshot stands for what it skipped", () => {
    const snapshot: ChainItem = {
      type: "snapshot",
      revision: 5,
      nodes: [
        { path: "/a", version: 0, value: "v5" },
        { path: "/b", version: 0, value: "v3" },
      ],
    };
    expect(rulesOf([start, snapshot, ...good.slice(5)])).toEqual([]);
    expect(rulesOf([...good.slice(0, 3), snapshot, ...good.slice(5)])).toEqual([]);
  });

  test.each(good.map((_, position) => position).slice(1, -1))("finds item %i lost", (position) => {
    expect(rulesOf(good.toSpliced(position, 1))).not.toEqual([]);
  });

  test.each(good.map((_, position) => position).slice(1))("finds item %i told twice", (position) => {
    const item = good[position];
    expect(rulesOf(item === undefined ? good : good.toSpliced(position, 0, item))).toContain("order");
  });

  test.each([1, 2, 3, 4])("finds item %i behind its successor", (position) => {
    const [first, second] = good.slice(position, position + 2);
    if (first === undefined || second === undefined) throw new RangeError("no such item");
    expect(rulesOf(good.toSpliced(position, 2, second, first))).toContain("order");
  });

  test("finds another value, a version that jumps, and a value that nobody wrote", () => {
    const shown = { type: "changed", revision: 2, path: "/a" } as const;
    expect(rulesOf(good.with(1, { ...shown, version: 5, value: "v3" }))).toContain("lost");
    expect(rulesOf(good.with(1, { ...shown, version: 6, value: "v2" }))).toContain("chain");
    expect(rulesOf(good.with(1, { ...shown, version: 5, value: "other" }))).toContain("phantom");
  });

  test("finds an acknowledged write that is at another revision, and a stream without a start", () => {
    expect(rulesOf(good, [...ops, write(9, "/c", "v9", 4)])).toContain("lost");
    expect(rulesOf(good.slice(1))).toContain("no-start");
  });

  test("finds a stream that stopped before it had told all that it had to", () => {
    expect(rulesOf(good, ops, { until: 6 })).toEqual([]);
    expect(rulesOf(good.slice(0, -1), ops, { until: 6 })).toEqual(["stopped"]);
    expect(rulesOf([], ops, { until: 6 })).toEqual(["stopped"]);
  });

  test("finds a snapshot that goes back", () => {
    expect(rulesOf([...good, start])).toContain("order");
  });

  test("asks for nothing outside of what was watched, nor for what was not acknowledged", () => {
    expect(rulesOf(good, [...ops, write(9, "/c", "v9", 7), write(10, "/c", "v10", 1)])).toEqual([]);
    expect(rulesOf(good, [...ops, { ...write(9, "/c", "v9", 3), outcome: "unknown" }])).toEqual([]);
  });
});
