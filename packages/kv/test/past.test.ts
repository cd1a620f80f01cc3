import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCommand, Machine } from "../src/index.ts";
import type {
  Acl,
  ChildrenPage,
  CreateOp,
  DeleteOp,
  HistoryLimits,
  NodeChange,
  Operation,
  PageOptions,
  Past,
  Stat,
  TreeEvent,
} from "../src/index.ts";
import { makeCommand, run } from "./arbitraries.ts";
import type { Step } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { create, Driver, idOf, join, text } from "./support.ts";

/** The whole tree after one revision. */
type Moment = ReadonlyMap<string, { readonly value: readonly number[]; readonly stat: Stat }>;

function momentOf(golden: GoldenModel): Moment {
  return new Map(
    golden.paths().map((path) => {
      const value = golden.state.nodes[path]?.value ?? expect.unreachable();
      // Another access list is no revision: the past shows how often there was one by now.
      return [path, { value: [...value], stat: { ...golden.stat(path), aversion: 0 } }];
    }),
  );
}

interface Noted {
  readonly path: string;
  readonly bytes: number;
  readonly acl: Acl | undefined;
  readonly change: NodeChange;
}

/** Each access list counts once. */
function bytesOf(kept: readonly Noted[]): number {
  const lists = new Map(kept.map(({ acl = [] }) => [JSON.stringify(acl), acl]));
  let bytes = 0;
  for (const list of lists.values()) for (const { id } of list) bytes += 256 + 2 * id.length;
  return kept.reduce((sum, each) => sum + each.bytes, bytes);
}

const stepMs = 10;

/** A machine beside everything it ever was, and what of it should still be known. */
class World {
  readonly golden = new GoldenModel();
  readonly moments = new Map<number, Moment>();
  readonly paths = new Set<string>(["/none", "/a/none"]);
  readonly #limits: HistoryLimits;
  machine: Machine;
  kept: Noted[] = [];
  floor = { revision: 0, ordinal: 0 };
  #index = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
    this.machine = new Machine({ historyLimits: limits });
    this.#note();
  }

  advance(next: Step): void {
    if (next.kind === "freeze") return;
    if (next.kind === "restore") {
      const machine = new Machine({ historyLimits: this.#limits });
      machine.restore(join(this.machine.snapshot().chunks()));
      this.machine = machine;
      this.#forget();
      return;
    }
    const command = makeCommand(next, this.golden.state);
    this.#index += 1;
    const timeMs = this.#index * stepMs;
    this.golden.apply(command, timeMs);
    this.machine.apply(encodeCommand(command), { index: this.#index, timeMs });
    if (command.type === "begin-history") this.#forget();
    this.kept.push(...this.machine.takeEvents().map(noted));
    this.#drop(timeMs);
    this.#note();
  }

  /** Everything of the past, also what comes after now. */
  check(): void {
    const { machine } = this;
    expect(machine.history.floor).toEqual(this.floor);
    for (const [revision, moment] of this.moments) {
      for (const path of this.paths) {
        const read = machine.past.get(path, revision);
        const children = machine.past.children(path, revision);
        if (revision < this.floor.revision) {
          const compacted = { type: "compacted", floor: this.floor.revision };
          expect([read, children]).toEqual([compacted, compacted]);
          continue;
        }
        const node = read.type === "found" && read.found !== null ? read.found : null;
        const plain =
          node === null ? undefined : { value: [...node.value], stat: { ...node.stat, aversion: 0 } };
        expect([read.type, plain], `${path} at ${revision}`).toEqual(["found", moment.get(path)]);
        const names = moment.has(path) ? namesIn(moment, path) : null;
        const found = names === null ? null : { names, next: null };
        expect(children, `below ${path} at ${revision}`).toEqual({ type: "found", found });
      }
    }
    const ahead = { type: "ahead", revision: machine.revision };
    expect(machine.past.get("/", machine.revision + 1)).toEqual(ahead);
    expect(machine.past.children("/", machine.revision + 1)).toEqual(ahead);
  }

  /** The changes of each node, in one page and in pages of `limit`. */
  checkChanges(limit: number): void {
    for (const path of this.paths) {
      const own = this.kept.filter((each) => each.path === path).toReversed();
      const expected = own.map(({ change }) => change);
      const all = this.machine.past.changes(path);
      expect(all).toEqual({ changes: expected, next: null, floor: this.floor });
      const paged: NodeChange[] = [];
      for (let page = this.machine.past.changes(path, { limit }); ;) {
        expect(page.changes.length).toBeLessThanOrEqual(limit);
        paged.push(...page.changes);
        if (page.next === null) break;
        page = this.machine.past.changes(path, { limit, before: page.next });
      }
      expect(paged).toEqual(expected);
    }
  }

  #note(): void {
    const { revision } = this.golden.state;
    if (!this.moments.has(revision)) this.moments.set(revision, momentOf(this.golden));
    for (const path of this.golden.paths()) this.paths.add(path);
  }

  #forget(): void {
    this.kept = [];
    this.floor = { ...this.machine.token };
  }

  #drop(nowMs: number): void {
    const { events, bytes, ageMs } = this.#limits;
    const isTooMuch = (): boolean =>
      this.kept.length > events ||
      bytesOf(this.kept) > bytes ||
      (this.kept[0]?.change.timeMs ?? nowMs) < nowMs - ageMs;
    while (isTooMuch()) {
      const { revision, ordinal } = this.kept.shift()?.change ?? expect.unreachable();
      this.floor = { revision, ordinal };
    }
  }
}

function noted({ revision, ordinal, type, path, node, previous, by, timeMs, acl }: TreeEvent): Noted {
  const version = (node ?? previous)?.stat.version ?? expect.unreachable();
  const bytes = 256 + 2 * path.length + (previous?.value.length ?? 0);
  return { path, bytes, acl, change: { revision, ordinal, type, by, timeMs, version } };
}

function namesIn(moment: Moment, path: string): string[] {
  const prefix = path === "/" ? "/" : `${path}/`;
  const below = [...moment.keys()].filter((other) => other !== "/" && other.startsWith(prefix));
  return below.map((other) => other.slice(prefix.length)).filter((name) => !name.includes("/"));
}

function remove(path: string): DeleteOp {
  return { type: "delete", path, if: {}, force: false, recursive: true };
}

function namesOf(read: Past<ChildrenPage | null>): ChildrenPage {
  return (read.type === "found" ? read.found : null) ?? expect.unreachable();
}

/** A thousand names in no order, others in each of seven blocks. */
function named(block: number, of: string): string[] {
  return Array.from({ length: 1_000 }, (_, k) => {
    return `${String((block * 1_000 + k) % 7_919).padStart(5, "0")}${of}`;
  });
}

/** All pages joined; none holds more names than a page may. */
function allOf(pageAfter: (options: PageOptions) => Past<ChildrenPage | null>): string[] {
  const names: string[] = [];
  let after: string | null = null;
  do {
    const page = namesOf(pageAfter(after === null ? { limit: 1_000 } : { after, limit: 1_000 }));
    expect(page.names.length).toBeLessThanOrEqual(1_000);
    names.push(...page.names);
    after = page.next;
  } while (after !== null);
  return names;
}

const historyLimits = fc.record({
  events: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 60 })),
  bytes: fc.oneof(fc.constant(1_000_000), fc.integer({ min: 300, max: 15_000 })),
  ageMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 60 * stepMs })),
});

describe("a read of the past", () => {
  test("shows every node and its children as they were at every revision that is not compacted", () => {
    fc.assert(
      fc.property(historyLimits, run(80), fc.integer({ min: 1, max: 3 }), (limits, steps, limit) => {
        const world = new World(limits);
        for (const [at, next] of steps.entries()) {
          world.advance(next);
          if (at % 20 === 19) world.check();
        }
        world.check();
        world.checkChanges(limit);
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  test("gives children in pages, those that are gone among those that stayed", () => {
    const driver = new Driver();
    const { machine } = driver;
    driver.open(1);
    driver.send(1, create("/a"));
    for (const name of ["b", "d", "f", "h"]) driver.send(1, create(`/a/${name}`));
    const { revision } = machine;
    for (const name of ["a", "c", "e", "g"]) driver.send(1, create(`/a/${name}`));
    for (const name of ["b", "f"])
      driver.send(1, { type: "delete", path: `/a/${name}`, if: {}, force: false });
    driver.send(1, create("/a/b"));
    const page = (at: number, after: string | undefined, limit: number): unknown => {
      const read = machine.past.children("/a", at, after === undefined ? { limit } : { after, limit });
      return read.type === "found" ? read.found : read;
    };
    expect(page(revision, undefined, 3)).toEqual({ names: ["b", "d", "f"], next: "f" });
    expect(page(revision, "f", 3)).toEqual({ names: ["h"], next: null });
    expect(page(revision, undefined, 4)).toEqual({ names: ["b", "d", "f", "h"], next: null });
    expect(page(revision, "c", 1)).toEqual({ names: ["d"], next: "d" });
    expect(page(machine.revision, undefined, 4)).toEqual({ names: ["a", "b", "c", "d"], next: "d" });
    driver.send(1, { type: "delete", path: "/a", if: {}, force: false, recursive: true });
    expect(page(revision, "b", 2)).toEqual({ names: ["d", "f"], next: "f" });
    expect(page(machine.revision, undefined, 4)).toBeNull();
  });

  test("tells a node from another that came later at its path, and knows all that went at once", () => {
    const driver = new Driver();
    const { machine } = driver;
    driver.open(1);
    const moments = new Map<number, unknown>();
    const note = (): void => {
      const seen = ["/a", "/a/b", "/a/b/c"].map((path) => machine.get(path));
      moments.set(machine.revision, structuredClone(seen));
    };
    const steps: readonly Operation[] = [
      create("/a"),
      remove("/a"),
      create("/a"),
      create("/a/b"),
      create("/a/b/c"),
      create("/a/d"),
      { type: "set", path: "/a", value: text("x"), if: {} },
      remove("/a/d"),
      remove("/a"),
      create("/a"),
      create("/a/b"),
      { type: "multi", ops: [create("/a/d"), remove("/a"), create("/a"), create("/a/b")] },
    ];
    for (const operation of steps) {
      expect(driver.code(1, operation)).toBe("ok");
      note();
    }
    for (const [revision, seen] of moments) {
      const read = ["/a", "/a/b", "/a/b/c"].map((path) => machine.past.get(path, revision));
      const found = read.map((each) => (each.type === "found" ? each.found : each));
      expect(found, `at ${revision}`).toEqual(seen);
    }
  });

  test("sees more children than one page holds", () => {
    const driver = new Driver({ historyLimits: { events: 40_000 } });
    const { machine } = driver;
    driver.open(1);
    for (let block = 0; block < 12; block += 1) {
      const names = Array.from({ length: 1_000 }, (_, k) => String(block * 1_000 + k).padStart(5, "0"));
      driver.send(1, { type: "multi", ops: names.map((name) => create(`/${name}`)) });
    }
    const { revision } = machine;
    driver.send(1, { type: "delete", path: "/00000", if: {}, force: false });
    driver.send(1, { type: "delete", path: "/11999", if: {}, force: false });
    const first = namesOf(machine.past.children("/", revision));
    expect([first.names.length, first.names[0], first.next]).toEqual([1_000, "00000", "00999"]);
    const rest = namesOf(machine.past.children("/", revision, { after: "10999" }));
    expect([rest.names.length, rest.names.at(-1), rest.next]).toEqual([1_000, "11999", null]);
  });

  test("gives all of many children that came and went since, a bounded page at a time", () => {
    const driver = new Driver({ historyLimits: { events: 100_000 } });
    const { machine } = driver;
    driver.open(1);
    const eachOf = (of: string, step: (name: string) => CreateOp | DeleteOp): void => {
      for (let block = 0; block < 7; block += 1)
        driver.send(1, { type: "multi", ops: named(block, of).map(step) });
    };
    driver.send(1, create("/a"));
    for (const of of ["gone", "stays"]) eachOf(of, (name) => create(`/a/${name}`));
    const { revision } = machine;
    const before = allOf((after) => ({ type: "found", found: machine.children("/a", after) }));
    expect(before).toHaveLength(14_000);
    for (const of of ["came", "late"]) eachOf(of, (name) => create(`/a/${name}`));
    driver.send(1, create("/a/00000stays/below"));
    eachOf("gone", (name) => ({ type: "delete", path: `/a/${name}`, if: {}, force: false }));
    expect(allOf((after) => machine.past.children("/a", revision, after))).toEqual(before);
    for (const of of ["stays", "came", "late"])
      eachOf(of, (name) => ({ type: "delete", path: `/a/${name}`, if: {}, force: true, recursive: true }));
    expect(allOf((after) => machine.past.children("/a", revision, after))).toEqual(before);
    expect(driver.code(1, remove("/a"))).toBe("ok");
    expect(allOf((after) => machine.past.children("/a", revision, after))).toEqual(before);
  }, 60_000);
});

test("events older than the age allowed are forgotten by the next command, whatever it does", () => {
  const driver = new Driver({ historyLimits: { ageMs: 1_000 } });
  const { machine } = driver;
  driver.open(1);
  driver.send(1, { type: "put", path: "/a", value: text("one"), if: {} });
  driver.timeMs += 600;
  driver.send(1, { type: "put", path: "/a", value: text("two"), if: {} });
  driver.timeMs += 400;
  driver.open(2);
  expect(machine.history.floor).toEqual({ revision: 0, ordinal: 0 });
  driver.timeMs += 1;
  driver.expire(idOf(9));
  expect(machine.history.floor).toEqual({ revision: 1, ordinal: 0 });
  expect(machine.past.get("/a", 0)).toEqual({ type: "compacted", floor: 1 });
  expect(machine.past.get("/a", 1)).toMatchObject({ type: "found", found: { value: text("one") } });
});
