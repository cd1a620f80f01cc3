import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { parentOf, TriggerTable } from "../src/index.ts";
import type { Stat, TreeEvent, Trigger, TriggerKind } from "../src/index.ts";
import { makeCommand, run } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { create, Driver } from "./support.ts";

afterEach(() => vi.restoreAllMocks());

const all: readonly TriggerKind[] = ["data", "exists", "children", "persistent", "persistent-recursive"];
const none = { data: [], exists: [], children: [], persistent: [], "persistent-recursive": [] };

interface Registered {
  readonly owner: number;
  readonly path: string;
  readonly kind: TriggerKind;
}

/** Whether the removal of one takes the other with it. */
function goesWith(a: Registered, b: Registered): boolean {
  const isSame = a.kind === b.kind || [a.kind, b.kind].toSorted().join(" ") === "data exists";
  return isSame && a.owner === b.owner && a.path === b.path;
}

/** The rules again, by going through a list of all watches. */
class NaiveTriggers {
  watches: Registered[] = [];

  fire({ type, path }: TreeEvent): string[] {
    const parent = path === "/" ? null : parentOf(path);
    const names = { created: "node-created", changed: "node-data-changed", deleted: "node-deleted" };
    const told: string[] = [];
    this.watches = this.watches.filter((watch) => {
      const isHere = watch.path === path;
      const seen: string[] = [];
      const own = `${watch.owner} ${names[type]} ${path}`;
      const above = `${watch.owner} node-children-changed ${parent}`;
      const isData = watch.kind === "data" || watch.kind === "exists" || watch.kind === "persistent";
      const isChild = watch.kind === "children" || watch.kind === "persistent";
      if (isHere && (isData || (isChild && type === "deleted"))) seen.push(own);
      if (isChild && watch.path === parent && type !== "changed") seen.push(above);
      const isUnder = isHere || watch.path === "/" || path.startsWith(`${watch.path}/`);
      if (watch.kind === "persistent-recursive" && isUnder) seen.push(own);
      told.push(...seen);
      return seen.length === 0 || watch.kind.startsWith("persistent");
    });
    return [...new Set(told)].toSorted();
  }

  rearm(owner: number, path: string, kind: TriggerKind, stat: Stat | null, seen: number): string | null {
    if (kind === "exists" && stat !== null) return `${owner} node-created ${path}`;
    if (kind === "data" || kind === "children") {
      if (stat === null) return `${owner} node-deleted ${path}`;
      const [at, name] = kind === "data" ? [stat.mzxid, "data"] : [stat.pzxid, "children"];
      if (at > seen) return `${owner} node-${name}-changed ${path}`;
    }
    this.watches.push({ owner, path, kind });
    return null;
  }
}

const places = fc.constantFrom("/", "/a", "/b", "/a-b", "/a/x", "/a/y", "/a/x/z", "/b/w", "/none");
const kinds = fc.constantFrom(...all);
const does = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("add" as const), owner: fc.nat(2), path: places, kind: kinds }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("remove" as const), owner: fc.nat(2), path: places, kind: kinds }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("rearm" as const),
      owner: fc.nat(2),
      path: places,
      kind: kinds,
      back: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), owner: fc.nat(2) }) },
);

test("every registered kind sees what the trigger table says, under any commands", () => {
  fc.assert(
    fc.property(run(60), fc.array(fc.array(does, { maxLength: 4 }), { maxLength: 60 }), (steps, wishes) => {
      const driver = new Driver();
      const golden = new GoldenModel();
      const table = new TriggerTable<number>(driver.machine);
      const naive = new NaiveTriggers();
      const told: string[] = [];
      const tell = (owner: number, { type, path }: Trigger): void =>
        void told.push(`${owner} ${type} ${path}`);
      for (const [at, next] of steps.entries()) {
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        golden.apply(command, driver.timeMs);
        driver.apply(command);
        for (const event of driver.machine.takeEvents()) {
          told.length = 0;
          table.fire(event, tell);
          expect(told.toSorted()).toEqual(naive.fire(event));
        }
        for (const wish of wishes[at] ?? []) {
          told.length = 0;
          if (wish.do === "leave") {
            table.removeOwner(wish.owner);
            naive.watches = naive.watches.filter(({ owner }) => owner !== wish.owner);
            continue;
          }
          const { owner, path, kind } = wish;
          const stat = driver.machine.exists(path);
          if (wish.do === "add") {
            const isLeft = stat !== null || (kind !== "data" && kind !== "children");
            if (isLeft) naive.watches.push({ owner, path, kind });
            expect(table.add(owner, path, kind)).toBe(isLeft);
          } else if (wish.do === "remove") {
            const rest = naive.watches.filter((watch) => !goesWith(watch, wish));
            expect(table.remove(owner, path, kind === "exists" ? "data" : kind)).toBe(
              rest.length < naive.watches.length,
            );
            naive.watches = rest;
          } else {
            const seen = driver.machine.revision - wish.back;
            table.rearm(owner, { ...none, [kind]: [path] }, seen, tell);
            const expected = naive.rearm(owner, path, kind, stat, seen);
            expect(told).toEqual(expected === null ? [] : [expected]);
          }
        }
      }
    }),
    { numRuns: 150 },
  );
}, 120_000);

test("of the many paths above a deep one, only those that are watched recursively are looked up", () => {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, create("/a"));
  const event = driver.machine.takeEvents()[0] ?? expect.unreachable();
  const table = new TriggerTable<string>(driver.machine);
  const tops = ["/", "/a/a", "/a".repeat(900), "/b"];
  for (const top of tops) table.add(`at ${top.length}`, top, "persistent-recursive");
  const deep = { ...event, path: "/a".repeat(2_000) };
  const cut = vi.spyOn(String.prototype, "slice");
  const told: string[] = [];
  table.fire(deep, (owner) => told.push(owner));
  expect(told.toSorted()).toEqual(["at 1", "at 1800", "at 4"]);
  for (const owner of ["at 1", "at 2"]) table.catchUp(owner, deep, () => told.push(owner));
  expect(told.slice(3)).toEqual(["at 1"]);
  expect(cut.mock.calls.length).toBeLessThan(20);
});
