import { describe, expect, test } from "vitest";
import type { Operation } from "../../src/index.ts";
import { create, Driver, idOf, join, text } from "../support.ts";
import { Machine } from "../../src/index.ts";

const start = 1_700_000_000_000;
const ttlMs = 1_000;

function del(path: string): Operation {
  return { type: "delete", path, if: {}, force: false };
}

function set(path: string): Operation {
  return { type: "set", path, value: text("v"), if: {} };
}

interface Row {
  readonly name: string;
  /** What happened, with how long after the start. */
  readonly steps: readonly (readonly [afterMs: number, op: Operation])[];
  readonly atMs: number;
  readonly isOver: boolean;
}

const box = create("/n", { container: true });
const dated = create("/n", { ttlMs });
const rows: readonly Row[] = [
  { name: "a container that never had a child stays", steps: [[0, box]], atMs: 1e9, isOver: false },
  {
    name: "a container with a child stays",
    steps: [
      [0, box],
      [0, create("/n/c")],
    ],
    atMs: 1e9,
    isOver: false,
  },
  {
    name: "a container is over once its last child is gone",
    steps: [
      [0, box],
      [0, create("/n/c")],
      [0, del("/n/c")],
    ],
    atMs: 0,
    isOver: true,
  },
  {
    name: "a set does not keep a container",
    steps: [
      [0, box],
      [0, create("/n/c")],
      [0, del("/n/c")],
      [0, set("/n")],
    ],
    atMs: 0,
    isOver: true,
  },
  { name: "a ttl lasts to its last millisecond", steps: [[0, dated]], atMs: ttlMs, isOver: false },
  { name: "and is over after it", steps: [[0, dated]], atMs: ttlMs + 1, isOver: true },
  {
    name: "a set starts the ttl anew",
    steps: [
      [0, dated],
      [900, set("/n")],
    ],
    atMs: 900 + ttlMs,
    isOver: false,
  },
  {
    name: "a child keeps a node with a ttl",
    steps: [
      [0, dated],
      [0, create("/n/c")],
    ],
    atMs: 1e9,
    isOver: false,
  },
  {
    name: "but starts no ttl anew, nor does its end",
    steps: [
      [0, dated],
      [900, create("/n/c")],
      [950, del("/n/c")],
    ],
    atMs: ttlMs + 1,
    isOver: true,
  },
  { name: "an ordinary node is never over", steps: [[0, create("/n")]], atMs: 1e12, isOver: false },
];

function lived(steps: Row["steps"]): Driver {
  const driver = new Driver();
  driver.open(1);
  for (const [afterMs, op] of steps) {
    driver.timeMs = start + afterMs;
    expect(driver.send(1, op).ok).toBe(true);
  }
  return driver;
}

function candidates(machine: Machine, atMs: number): readonly string[] {
  return machine.reapable({ timeMs: start + atMs, after: null, limit: 9, looks: 9 }).paths;
}

describe("a node is over when nothing keeps it, and then a reap deletes it", () => {
  test.each(rows)("$name", ({ steps, atMs, isOver }) => {
    const driver = lived(steps);
    const { machine } = driver;
    const { revision } = machine;
    expect(candidates(machine, atMs)).toEqual(isOver ? ["/n"] : []);
    driver.timeMs = start + atMs;
    const applied = driver.apply({ type: "reap", seen: revision, paths: ["/n"] });
    expect(applied).toEqual({ type: "reaped", paths: isOver ? ["/n"] : [] });
    expect(machine.exists("/n") === null).toBe(isOver);
    expect(machine.revision).toBe(isOver ? revision + 1 : revision);
    expect(machine.takeEvents().map(({ type, path }) => [type, path])).toEqual(
      isOver ? [["deleted", "/n"]] : [],
    );
  });
});

describe("a reap spares what changed after the revision it saw", () => {
  const changes: [name: string, ops: readonly Operation[]][] = [
    ["set", [set("/n")]],
    ["a child made and deleted", [create("/n/c"), del("/n/c")]],
    ["deleted and made again", [del("/n"), dated]],
  ];
  test.each(changes)("%s", (_name, ops) => {
    const driver = lived([[0, dated]]);
    const seen = driver.machine.revision;
    for (const op of ops) expect(driver.send(1, op).ok).toBe(true);
    driver.timeMs = start + 1e6;
    expect(driver.apply({ type: "reap", seen, paths: ["/n"] })).toEqual({ type: "reaped", paths: [] });
    expect(driver.machine.exists("/n")).not.toBeNull();
  });
});

test("one reap is one revision, in order of paths, and leaves alone what is none of its kind", () => {
  const driver = lived([
    [0, create("/b", { ttlMs })],
    [0, create("/a", { ttlMs })],
    [0, create("/kept")],
    [0, create("/e", { lease: idOf(1) })],
  ]);
  driver.timeMs = start + 2 * ttlMs;
  const { revision } = driver.machine;
  const paths = ["/kept", "/b", "/e", "/none", "/", "", "/a", "/b"];
  expect(driver.apply({ type: "reap", seen: revision, paths })).toEqual({
    type: "reaped",
    paths: ["/a", "/b"],
  });
  expect(driver.machine.takeEvents()).toMatchObject([
    { revision: revision + 1, ordinal: 0, path: "/a" },
    { revision: revision + 1, ordinal: 1, path: "/b" },
  ]);
});

test("a restored machine knows the same nodes to be over", () => {
  const driver = lived([
    [0, box],
    [0, create("/n/c")],
    [0, create("/t", { ttlMs })],
    [0, del("/n/c")],
  ]);
  const other = new Machine();
  other.restore(join(driver.machine.snapshot().chunks()));
  expect(other.mortals).toBe(2);
  for (const machine of [driver.machine, other]) {
    expect(candidates(machine, 0)).toEqual(["/n"]);
    expect(candidates(machine, ttlMs + 1)).toEqual(["/n", "/t"]);
  }
  expect(other.digest()).toBe(driver.machine.digest());
});

test("a failed multi leaves no candidate behind", () => {
  const driver = lived([]);
  expect(driver.code(1, { type: "multi", ops: [create("/t", { ttlMs: 1 }), create("/none/x")] })).toBe(
    "NOT_FOUND",
  );
  expect(driver.machine.mortals).toBe(0);
  expect(candidates(driver.machine, 1e9)).toEqual([]);
});
