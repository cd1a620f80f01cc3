import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { makePlan } from "../src/plan/make-plan.ts";
import type { ClientKind, FaultKind } from "../src/plan/plan.ts";
import { fromNowOn } from "../src/processes/children.ts";
import { runPlan } from "../src/run/run-plan.ts";

const endAll = fromNowOn();
afterEach(endAll);

/** Another run each time, and the same plan for the seed that a failure names. */
const seed = Number(process.env["FLOTILLA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const scenarios: readonly (readonly [string, ClientKind, readonly FaultKind[]])[] = [
  [
    "processes that are killed and stopped",
    "mixed",
    ["crash", "crash-leader", "crash-all", "pause", "stop-in-order"],
  ],
  [
    "links that are cut, bent and broken",
    "thin",
    ["isolate-leader", "halves", "one-way", "flapping", "reset", "client-cut"],
  ],
];

test.each(scenarios)(`%s, seed ${seed}`, { timeout: 240_000 }, async (name, clientKind, kinds) => {
  const folder = mkdtempSync(join(tmpdir(), "flotilla-jepsen-run-"));
  const plan = makePlan({ name, seed, nodes: 3, workload: "mixed", clientKind, kinds, loadMs: 6_000 });
  const report = await runPlan(plan, folder);
  expect(report.violations, `all of it is in ${folder}`).toEqual([]);
  expect(report.undecided).toBe(0);
  expect(report.ops.checked).toBeGreaterThan(100);
  expect(Object.keys(report.faults).length).toBeGreaterThan(0);
  rmSync(folder, { recursive: true });
});
