import { beforeAll, expect, test } from "vitest";
import { loadCoord } from "../../src/recipes/load-coord.ts";
import type { CoordSources } from "../../src/recipes/load-coord.ts";
import type { Scope } from "../../src/recipes/scope.ts";
import { scopeOf, scopes } from "../../src/recipes/scopes/index.ts";
import { search } from "../../src/recipes/search.ts";

let sources: CoordSources;

beforeAll(async () => {
  sources = await loadCoord();
});

test.each(scopes.map(({ name }) => name))("in the default order nothing is broken: %s", async (name) => {
  const { found, isComplete } = await search(sources, { ...scopeOf(name), deviations: 0 }, () => true);
  expect(found).toBeNull();
  expect(isComplete).toBe(true);
});

/** As much of some scopes as takes a second or two, and how many schedules that is at least. */
const small: readonly (readonly [name: string, budget: Scope["budget"], leastRuns: number])[] = [
  ["lock-two", { hold: 1, abort: 1, crash: 1, break: 1 }, 60],
  ["lock-two@behind", { hold: 1 }, 40],
  ["semaphore-both", { hold: 1 }, 100],
  ["readers@inside", { hold: 1 }, 100],
  ["lock-two@behind", { elect: 1 }, 15],
  ["writes@behind", { elect: 1, lose: 1 }, 40],
  ["watch@behind", { elect: 1 }, 10],
];

test.each(small)("with one deviation nothing is broken: %s %j", async (name, budget, leastRuns) => {
  const scope = { ...scopeOf(name), budget, deviations: 1 };
  const { found, isComplete, runs } = await search(sources, scope, () => true);
  expect(found).toBeNull();
  expect(isComplete).toBe(true);
  expect(runs).toBeGreaterThan(leastRuns);
});
