import { afterEach, expect, test, vi } from "vitest";
import { isBudget, permissions } from "../src/index.ts";
import type { Acl, Budget, BudgetReport } from "../src/index.ts";
import { BudgetTable } from "../src/budget-table.ts";
import { Digest, ItemHash } from "../src/digest.ts";
import { create, Driver } from "./support.ts";

afterEach(() => vi.restoreAllMocks());

const nothing = { nodes: 0, bytes: 0 };

test("one more watch is judged by every budget above that bounds them, the nearest first", () => {
  const driver = new Driver();
  driver.open(1);
  const budgets: [path: string, budget: Budget][] = [
    ["/", { watches: { soft: 1, hard: 9 } }],
    ["/a", { watches: { hard: 2 }, nodes: { hard: 5 } }],
    ["/a/x", { nodes: { hard: 5 } }],
  ];
  for (const [path, budget] of budgets)
    expect(driver.code(1, { type: "set-budget", path, budget })).toBe("ok");
  const { machine } = driver;
  const excess = (path: string, bound: BudgetReport["bound"], counts: Record<string, number>): unknown =>
    machine.budgets.excessOfWatch(path, bound, (top) => counts[top] ?? 0);
  const told = { kind: "watches", path: "/a", limit: 2, used: 2, wanted: 3 };
  expect(excess("/a/x", "hard", { "/a": 2, "/": 9 })).toEqual(told);
  expect(excess("/a/x", "hard", { "/a": 1, "/": 9 })).toEqual({
    ...told,
    path: "/",
    limit: 9,
    used: 9,
    wanted: 10,
  });
  expect(excess("/a/x", "hard", { "/a": 1, "/a/x": 7, "/": 8 })).toBeNull();
  expect(excess("/a", "soft", { "/a": 2, "/": 1 })).toEqual({
    ...told,
    path: "/",
    limit: 1,
    used: 1,
    wanted: 2,
  });
  expect(excess("/b", "hard", { "/a": 2, "/": 8 })).toBeNull();
});

test.each<[what: string, budget: Budget, isOne: boolean]>([
  ["one bound", { nodes: { hard: 0 } }, true],
  ["both, and alike", { nodes: { soft: 3, hard: 3 }, rate: { soft: 0 } }, true],
  ["a kind without a bound", { nodes: {}, bytes: { hard: 1 } }, false],
  ["less than nothing", { bytes: { hard: -1 } }, false],
  ["half of one", { bytes: { soft: 0.5, hard: 1 } }, false],
  ["nothing", {}, false],
])("whether it is a budget is known before it is sent: %s", (_what, budget, isOne) => {
  expect(isBudget(budget)).toBe(isOne);
});

test("a write is held against eight budgets at most: one that would be one more above or below others is refused", () => {
  const driver = new Driver();
  driver.open(1);
  const budget: Budget = { nodes: { hard: 5 } };
  const set = (path: string, to: Budget | null = budget): string =>
    driver.code(1, { type: "set-budget", path, budget: to });
  for (let depth = 1; depth <= 8; depth += 1) expect(set("/a".repeat(depth))).toBe("ok");
  expect(set("/a/a", { nodes: { hard: 6 } })).toBe("ok");
  for (const path of ["/", "/a".repeat(9), `${"/a".repeat(8)}/b`]) expect(set(path)).toBe("LIMIT");
  expect(set("/a/b")).toBe("ok");
  expect(set("/a/a/a", null)).toBe("ok");
  expect(set("/")).toBe("ok");
  expect(set("/a".repeat(9))).toBe("LIMIT");
  expect(set("/a/b/c/d")).toBe("ok");
  // A replica that began with a snapshot refuses the same.
  const restore = driver.machine.beginRestore();
  for (const chunk of driver.machine.snapshot().chunks()) restore.write(chunk);
  while (restore.work());
  restore.prove();
  restore.replace();
  expect(set("/a".repeat(9))).toBe("LIMIT");
  expect(set("/", null)).toBe("ok");
  expect(set("/a".repeat(9))).toBe("ok");
});

test("who may set a budget is found in few looks, however deep its path and whatever of it there is", () => {
  const driver = new Driver();
  driver.open(1);
  const acl: Acl = [{ scheme: "world", id: "anyone", permissions: permissions.all - permissions.admin }];
  const set = (path: string): string =>
    driver.code(1, { type: "set-budget", path, budget: { nodes: { hard: 5 } } });
  expect(driver.code(1, create("/a"))).toBe("ok");
  expect(driver.code(1, create("/a/a"))).toBe("ok");
  expect(driver.code(1, create("/a/a/a", { acl }))).toBe("ok");
  for (const path of ["/", "/a", "/a/b/c", "/a/a/a"]) expect(set(path)).toBe("ok");
  const cut = vi.spyOn(String.prototype, "slice");
  for (const path of ["/a/a/a/b", "/a".repeat(4), "/a".repeat(2_040)]) expect(set(path)).toBe("NO_AUTH");
  expect(set("/b/a".repeat(1_000))).toBe("ok");
  expect(cut.mock.calls.length).toBeLessThan(60);
});

test("leases are counted by a look at every ephemeral node only where they were not counted before", () => {
  let looks = 0;
  const ephemerals = (): (readonly [string, ReadonlySet<string>])[] => {
    looks += 1;
    return [["l1", new Set(["/a/x", "/b"])]];
  };
  const table = new BudgetTable(new Digest(), new ItemHash(), { used: () => nothing, ephemerals });
  const use = (budget: Budget): number | undefined => {
    const record = { path: "/a", budget, second: 0, writes: 0 };
    table.set(record);
    return table.used(record).leases;
  };
  expect(use({ leases: { hard: 5 } })).toBe(1);
  table.own("l2", "/a/y");
  expect(use({ leases: { hard: 6 }, nodes: { hard: 9 } })).toBe(2);
  expect(looks).toBe(1);
  expect(use({ nodes: { hard: 9 } })).toBeUndefined();
  expect(use({ leases: { hard: 5 } })).toBe(1);
  expect(looks).toBe(2);
});
