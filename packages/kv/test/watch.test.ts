import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { encodeCommand, Machine, matches, WatchTable } from "../src/index.ts";
import type { TreeEvent, WatchKind } from "../src/index.ts";
import { makeCommand, run } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { create, Driver } from "./support.ts";

const kinds: readonly WatchKind[] = ["data", "children", "recursive"];

function event(type: TreeEvent["type"], path: string, revision = 1, ordinal = 0): TreeEvent {
  return { revision, ordinal, type, path, node: null, previous: null, by: null, timeMs: 0 };
}

describe("which events a watch sees", () => {
  const cases: [type: TreeEvent["type"], path: string, seen: string[]][] = [
    [
      "created",
      "/a/b",
      ["data /a/b", "children /a/b", "recursive /a/b", "children /a", "recursive /a", "recursive /"],
    ],
    [
      "deleted",
      "/a/b",
      ["data /a/b", "children /a/b", "recursive /a/b", "children /a", "recursive /a", "recursive /"],
    ],
    ["changed", "/a/b", ["data /a/b", "recursive /a/b", "recursive /a", "recursive /"]],
    ["created", "/a", ["data /a", "children /a", "recursive /a", "children /", "recursive /"]],
    ["changed", "/", ["data /", "recursive /"]],
  ];
  test.each(cases)("%s %s", (type, path, seen) => {
    const found: string[] = [];
    for (const at of ["/", "/a", "/a/b", "/a/b/c", "/a/bc", "/ab"]) {
      for (const kind of kinds) if (matches(event(type, path), at, kind)) found.push(`${kind} ${at}`);
    }
    expect(found.toSorted()).toEqual(seen.toSorted());
  });
});

const watches = fc.array(
  fc.record({
    path: fc.constantFrom("/", "/a", "/b", "/a-b", "/a/x", "/a/y", "/a/x/z", "/b/w", "/none"),
    kind: fc.constantFrom(...kinds),
    removed: fc.boolean(),
  }),
  { maxLength: 20 },
);

test("of the many paths above a deep one, only those that are watched are looked up", () => {
  const table = new WatchTable<string>();
  const depth = 2_000;
  for (let length = 1; length <= 512; length += 1)
    table.add(`${length}`, `/${"b".repeat(length)}`, "recursive");
  for (const path of ["/", "/a", "/a/a/a", "/a".repeat(depth - 1)]) table.add(path, path, "recursive");
  const found: string[] = [];
  const slice = vi.spyOn(String.prototype, "slice");
  try {
    table.match(event("changed", "/a".repeat(depth)), (id) => found.push(id));
    expect(slice.mock.calls.length).toBeLessThan(10);
  } finally {
    slice.mockRestore();
  }
  expect(found).toEqual(["/a".repeat(depth - 1), "/a/a/a", "/a", "/"]);
});

test("the table counts the watches at and below a path, whenever it was first asked", () => {
  const tops = ["/", "/a", "/a/x", "/b", "/none/deeper"];
  fc.assert(
    fc.property(watches, fc.array(fc.nat({ max: 20 })), (wanted, asked) => {
      const table = new WatchTable<number>();
      const left = new Map<number, string>();
      const count = (top: string): number =>
        [...left.values()].filter((path) => top === "/" || path === top || path.startsWith(`${top}/`)).length;
      for (const [id, { path, kind, removed }] of [...wanted, ...wanted].entries()) {
        table.add(id % 15, path, kind);
        left.set(id % 15, path);
        if (removed && table.remove(id % 7)) left.delete(id % 7);
        const top = tops[(asked[id] ?? 99) % 9];
        if (top !== undefined) expect(table.within(top)).toBe(count(top));
      }
      for (const top of tops) expect(table.within(top)).toBe(count(top));
    }),
  );
});

test("the table forgets the counts of what is bounded no more", () => {
  const bounded = new Set(["/kept"]);
  const table = new WatchTable<string>((top) => bounded.has(top));
  table.add("kept", "/kept/x", "data");
  expect(table.within("/kept")).toBe(1);
  for (let n = 0; n < 20_000; n += 1) {
    const top = `/tenants/${n}`;
    bounded.add(top);
    table.add("one", `${top}/x`, "data");
    expect(table.within(top)).toBe(1);
    table.remove("one");
    expect(table.within(top)).toBe(0);
    bounded.delete(top);
    expect(table.counted).toBeLessThanOrEqual(1_024);
  }
  table.add("again", "/tenants/7/x", "data");
  table.add("deeper", `/kept/${"deep".repeat(100)}`, "data");
  expect([table.within("/tenants/7"), table.within("/kept"), table.within("/")]).toEqual([1, 2, 3]);
});

test("the table counts nothing anew that is bounded, however much there is", () => {
  const tops = Array.from({ length: 5_000 }, (_, n) => `/tenants/${n}`);
  const bounded = new Set(tops);
  const table = new WatchTable<number>((top) => bounded.has(top));
  for (const [id, top] of tops.entries()) if (id % 2 === 0) table.add(id, `${top}/x`, "data");
  const ask = (): number => tops.reduce((sum, top) => sum + table.within(top), 0);
  expect(ask()).toBe(2_500);
  expect(table.counted).toBe(5_000);
  const counted = vi.spyOn(Map.prototype, "values");
  try {
    expect(ask()).toBe(2_500);
    expect(counted).not.toHaveBeenCalled();
  } finally {
    counted.mockRestore();
  }
});

test("the table finds just the watches that see an event, each once", () => {
  fc.assert(
    fc.property(watches, run(60), (wanted, steps) => {
      const table = new WatchTable<number>();
      for (const [id, { path, kind }] of wanted.entries()) table.add(id, path, kind);
      for (const [id, { removed }] of wanted.entries()) if (removed) expect(table.remove(id)).toBe(true);
      const golden = new GoldenModel();
      const machine = new Machine();
      for (const [at, next] of steps.entries()) {
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        golden.apply(command, 0);
        machine.apply(encodeCommand(command), { index: at + 1, timeMs: 0 });
        for (const made of machine.takeEvents()) {
          const found: number[] = [];
          table.match(made, (id) => found.push(id));
          const seen = [...wanted.entries()].filter(([, { removed }]) => !removed);
          const expected = seen.filter(([, { path, kind }]) => matches(made, path, kind)).map(([id]) => id);
          expect(found.toSorted((a, b) => a - b)).toEqual(expected);
        }
      }
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("a watch that is removed while an event is handed out is not called any more", () => {
  const table = new WatchTable<string>();
  table.add("first", "/a", "data");
  table.add("second", "/a", "data");
  const called: string[] = [];
  table.match(event("changed", "/a"), (id) => {
    called.push(id);
    table.remove("second");
  });
  expect(called).toEqual(["first"]);
  table.add("first", "/b", "data");
  expect(table.size).toBe(1);
  table.match(event("changed", "/a"), (id) => called.push(id));
  expect(called).toEqual(["first"]);
  expect(table.remove("second")).toBe(false);
});

test("a recursive watch sees a child made in the same multi as its parent", () => {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, { type: "multi", ops: [create("/a"), create("/a/b")] });
  const seen = driver.machine.takeEvents().filter((made) => matches(made, "/a", "recursive"));
  expect(seen.map(({ path }) => path)).toEqual(["/a", "/a/b"]);
});
