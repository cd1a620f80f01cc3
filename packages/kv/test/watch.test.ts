import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCommand, EventHistory, Machine, matches, WatchTable } from "../src/index.ts";
import type { TreeEvent, WatchKind } from "../src/index.ts";
import { makeCommand, run } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { create, Driver, plainEvents } from "./support.ts";

const kinds: readonly WatchKind[] = ["data", "children", "recursive"];

function event(type: TreeEvent["type"], path: string, revision = 1, ordinal = 0): TreeEvent {
  return { revision, ordinal, type, path, node: null };
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

describe("history", () => {
  test("gives everything after a token, or says that some of it is gone", () => {
    const many = { weight: 1, arbitrary: fc.integer({ min: 100, max: 300 }) };
    const size = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) }, many);
    const shape = fc.array(size, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        shape,
        fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 250, max: 800 })),
        fc.nat(70),
        fc.nat(4),
        fc.nat(9),
        (sizes, kept, revision, ordinal, limit) => {
          const history = new EventHistory({ events: kept });
          const all: TreeEvent[] = [];
          for (const [at, size] of sizes.entries()) {
            const events = Array.from({ length: size }, (_, number) =>
              event("changed", "/a", at + 1, number),
            );
            history.append(events);
            all.push(...events);
          }
          const isAfter = (made: TreeEvent): boolean =>
            made.revision > revision || (made.revision === revision && made.ordinal > ordinal);
          const expected = all.filter(isAfter);
          const isGap = expected.length > kept;
          expect(history.since({ revision, ordinal })).toEqual(isGap ? "gap" : expected);
          expect(history.since({ revision, ordinal }, limit)).toEqual(
            isGap ? "gap" : expected.slice(0, limit),
          );
          expect(history.size).toBe(Math.min(kept, all.length));
        },
      ),
    );
  });

  test("shows each node as it was, long after it changed, until the event is gone", () => {
    const kept = 700;
    const driver = new Driver({ historyLimits: { events: kept } });
    const { machine } = driver;
    driver.open(1);
    const all: TreeEvent[] = [];
    for (let number = 0; number < 2_000; number += 1) {
      const path = `/${number % 7}`;
      const value = new Uint8Array(number % 50).fill(number);
      driver.send(
        1,
        number % 100 === 99
          ? { type: "delete", path, if: {}, force: false }
          : { type: "put", path, value, if: {} },
      );
      all.push(...plainEvents(machine.takeEvents()));
    }
    const last = all.slice(-kept);
    const token = all.at(-kept - 1);
    expect(machine.history.floor).toEqual({ revision: token?.revision, ordinal: token?.ordinal });
    expect(machine.history.since(machine.history.floor)).toEqual(last);
    const middle = last[400] ?? expect.unreachable();
    expect(machine.history.since(middle)).toEqual(last.slice(401));
    expect(machine.history.since(middle, 10)).toEqual(last.slice(401, 411));
  });

  test("is bounded in bytes", () => {
    const history = new EventHistory({ bytes: 5_000 });
    const value = new Uint8Array(1_000);
    const stat = new Machine().exists("/");
    for (let revision = 1; revision <= 3_000; revision += 1) {
      const node = stat === null ? null : { value, stat };
      history.append([{ revision, ordinal: 0, type: "changed", path: "/a", node }]);
    }
    expect(history.size).toBe(3);
    expect(history.floor).toEqual({ revision: 2_997, ordinal: 0 });
    history.append([
      {
        revision: 3_001,
        ordinal: 0,
        type: "changed",
        path: "/a",
        node: stat === null ? null : { value: new Uint8Array(9_000), stat },
      },
    ]);
    expect([history.size, history.since({ revision: 3_001, ordinal: 0 })]).toEqual([0, []]);
  });
});
