import { describe, expect, test } from "vitest";
import { watchChain } from "../src/index.ts";
import type { ChainItem, ChainRecord, OpRecord, ShownNode } from "../src/index.ts";

const start: ChainItem = { type: "snapshot", revision: 1, nodes: [{ path: "/a", version: 4, value: "old" }] };
const good: readonly ChainItem[] = [
  start,
  { type: "changed", revision: 2, path: "/a", version: 5, value: "v2" },
  { type: "created", revision: 3, path: "/b", version: 0, value: "v3" },
  { type: "deleted", revision: 4, path: "/a" },
  { type: "created", revision: 5, path: "/a", version: 0, value: "v5" },
  { type: "changed", revision: 6, path: "/a", version: 1, value: "v6" },
];

/** Acknowledged writes of all values that the good stream shows, and the deletion in it. */
const ops: readonly OpRecord[] = good.map((item, id) => {
  if (item.type === "snapshot") return write(id, "/a", "old", 1);
  return item.value === undefined ? remove(id, item.path) : write(id, item.path, item.value, item.revision);
});

function write(id: number, path: string, value: string, zxid: number): OpRecord {
  const times = { invoke_ns: id, return_ns: id } as const;
  return { id, client: id, op: { type: "set", path, value }, ...times, outcome: "ok", result: { zxid } };
}

/** Nobody is told the revision of a deletion. */
function remove(id: number, path: string): OpRecord {
  const times = { invoke_ns: id, return_ns: id } as const;
  return { id, client: id, op: { type: "delete", path }, ...times, outcome: "ok", result: {} };
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

/** Of a snapshot in the place of all that the good stream tells. */
function rulesOfSnapshot(nodes: readonly ShownNode[], more: readonly OpRecord[] = []): string[] {
  return rulesOf([{ type: "snapshot", revision: 6, nodes }], [...ops, ...more]);
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
    expect(rulesOf(good, [...ops, write(9, "/c", "v9", 7)])).toEqual([]);
    expect(rulesOf(good, [...ops, { ...write(9, "/c", "v9", 3), outcome: "unknown" }])).toEqual([]);
  });

  test("finds a deletion lost that nothing comes after at its path", () => {
    const last = { type: "deleted", revision: 7, path: "/b" } as const;
    const after = { type: "created", revision: 8, path: "/c", version: 0, value: "v8" } as const;
    const all = [...ops, remove(6, "/b"), write(7, "/c", "v8", 8)];
    expect(rulesOf([...good, last, after], all)).toEqual([]);
    expect(rulesOf([...good, after], all)).toEqual(["lost"]);
    expect(rulesOf(good, [...ops, remove(6, "/b")])).toEqual([]);
    const unknown = { outcome: "unknown", return_ns: null, result: null } as const;
    expect(rulesOf([...good, after], all.with(6, { ...remove(6, "/b"), ...unknown }))).toEqual([]);
  });

  test("finds a deletion that nobody asked for, and one that was refused", () => {
    const gone = [...good, { type: "deleted", revision: 7, path: "/b" } as const];
    expect(rulesOf(gone)).toEqual(["phantom"]);
    expect(rulesOf(gone, [...ops, { ...remove(6, "/b"), outcome: "fail" }])).toEqual(["phantom"]);
    expect(rulesOf(gone, [...ops, remove(6, "/b")])).toEqual([]);
  });

  test("finds a write that is told at another path", () => {
    const astray = { type: "created", revision: 7, path: "/d", version: 0, value: "v7" } as const;
    expect(rulesOf([...good, astray], [...ops, write(6, "/c", "v7", 7)])).toEqual(["phantom", "lost"]);
  });

  describe("of a snapshot", () => {
    const a = { path: "/a", version: 1, value: "v6" };
    const b = { path: "/b", version: 0, value: "v3" };

    test("accepts one that shows what was written last, or what may have been", () => {
      expect(rulesOfSnapshot([a, b])).toEqual([]);
      const unknown = { outcome: "unknown", return_ns: null, result: null } as const;
      const maybe = { ...write(6, "/b", "v9", 0), ...unknown };
      expect(rulesOfSnapshot([a, { ...b, value: "v9", version: 1 }], [maybe])).toEqual([]);
      expect(rulesOfSnapshot([a], [{ ...remove(6, "/b"), ...unknown }])).toEqual([]);
      expect(rulesOfSnapshot([a, b], [write(6, "/c", "v7", 7)])).toEqual([]);
    });

    test("finds a node that is missing, one as it was before, one to come, and one of another version", () => {
      expect(rulesOfSnapshot([a])).toEqual(["snapshot"]);
      expect(rulesOfSnapshot([{ ...a, value: "v5", version: 0 }, b])).toEqual(["snapshot"]);
      const c = { path: "/c", version: 0, value: "v7" };
      expect(rulesOfSnapshot([a, b, c], [write(6, "/c", "v7", 7)])).toEqual(["snapshot"]);
      const versioned = write(6, "/c", "v7", 6);
      expect(
        rulesOfSnapshot([a, b, { ...c, version: 2 }], [{ ...versioned, result: { zxid: 6, version: 0 } }]),
      ).toEqual(["snapshot"]);
    });

    test("finds a node that nobody wrote, or wrote elsewhere, and one that was refused", () => {
      expect(rulesOfSnapshot([a, b, { path: "/c", version: 0, value: "v9" }])).toEqual(["phantom"]);
      expect(rulesOfSnapshot([a, { ...b, value: "v2" }])).toContain("phantom");
      const refused: OpRecord = {
        ...write(6, "/c", "v9", 6),
        outcome: "fail",
        result: { error: "NODE_EXISTS" },
      };
      expect(rulesOfSnapshot([a, b, { path: "/c", version: 0, value: "v9" }], [refused])).toEqual([
        "phantom",
      ]);
    });
  });
});
