import { expect, test } from "vitest";
import { runPlan } from "../src/index.ts";
import { boundariesOf, crashAt } from "../src/sweep/boundaries.ts";
import { logScenarios } from "../src/sweep/scenarios.ts";
import { inOne, runSim } from "./_support/run-sim.ts";

interface Swept {
  readonly swept: number;
  readonly failures: readonly unknown[];
}

// The whole sweep has some fourteen thousand worlds, that of the log alone some seven thousand.
test.each([
  ["--sweep", "450"],
  ["--raft", "--sweep", "250"],
])(
  "a crash at a write boundary breaks no promise, some in each of ten scenarios (%s %s)",
  { timeout: 900_000 },
  async (...args) => {
    const { code, lines, errors } = await runSim([...args, ...inOne]);
    const { swept, failures } = JSON.parse(lines.at(-1) ?? errors) as Swept;
    expect(failures).toEqual([]);
    expect(code).toBe(0);
    expect(swept).toBeGreaterThanOrEqual(20);
  },
);

test("the parts of a sweep meet every boundary once", () => {
  for (const every of [1, 7, 50]) {
    for (const position of [0, 3, 9]) {
      const parts = Array.from({ length: every }, (_, part) => boundariesOf(123, position, { every, part }));
      expect(parts.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 123 }, (_, k) => k + 1));
    }
  }
});

test("a crash strikes at the last boundary of a scenario, too", { timeout: 120_000 }, async () => {
  const [scenario] = logScenarios;
  if (scenario === undefined) throw new Error("no scenario");
  const { moments } = await runPlan(crashAt(scenario.plan, Number.MAX_SAFE_INTEGER));
  const { faults, violations } = await runPlan(crashAt(scenario.plan, moments["write"] ?? 0));
  expect(violations).toEqual([]);
  expect(faults).toMatchObject({ crash: 1 });
});
