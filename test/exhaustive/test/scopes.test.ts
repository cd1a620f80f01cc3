import { beforeAll, expect, test } from "vitest";
import { explore } from "../src/explore.ts";
import { loadCore } from "../src/load-core.ts";
import type { Core } from "../src/load-core.ts";
import type { Rare } from "../src/scope.ts";
import { scopeOf } from "../src/scopes.ts";

type Budget = Partial<Record<Rare, number>>;

/** As much of each scope as takes a fraction of a second, and how many states that is at least. */
const small: readonly (readonly [name: string, budget: Budget, leastStates: number])[] = [
  ["elections", { timeout: 1, reboot: 1 }, 700],
  ["founding", { timeout: 1, reboot: 1 }, 250],
  ["pair", { timeout: 1, propose: 1, hold: 1, reboot: 1 }, 1300],
  ["pair", { timeout: 1, propose: 1, overtake: 1, repeat: 1 }, 250],
  ["log", { propose: 1, hold: 1, reboot: 1 }, 3500],
  ["leases-late", { pass: 4, read: 1 }, 3000],
  ["leases-transfer", { read: 1, transfer: 1 }, 2000],
  ["snapshots", { propose: 1, snapshot: 1, relink: 1 }, 4500],
  ["promotion", { change: 1, timeout: 1 }, 4500],
  ["calm-transfer", { timeout: 1, isolate: 1, read: 1 }, 50],
  ["removal", { change: 1, timeout: 1 }, 3000],
  ["replacement", { change: 1, timeout: 1 }, 2000],
];

let core: Core;

beforeAll(async () => {
  core = await loadCore();
});

test.each(small)("nothing is broken in any order: %s %j", (name, budget, leastStates) => {
  const result = explore({ ...scopeOf(name), budget }, core, { maxStates: 100_000, goesOn: () => true });
  expect(result.found).toBeNull();
  expect(result.isComplete).toBe(true);
  expect(result.states).toBeGreaterThan(leastStates);
});
