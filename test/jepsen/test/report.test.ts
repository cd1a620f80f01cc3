import { expect, test } from "vitest";
import { makePlan } from "../src/plan/make-plan.ts";
import { exitCodeOf, describe, failedReport, totalOf } from "../src/report/report.ts";

test("a run that came to nothing is no good one, and keeps no other from being told", () => {
  const plan = makePlan({ name: "soak-1", seed: 7, nodes: 3, workload: "register", kinds: [], loadMs: 0 });
  const failed = failedReport(plan, new Error("no session"));
  expect(describe(failed)).toBe("soak-1: seed 7: VIOLATED: 0 operations checked, 0 unknown; ");
  const good = { ...failed, name: "soak-2", ops: { ...failed.ops, checked: 5 }, violations: [] };
  expect(totalOf([failed, good])).toEqual({
    scenarios: 2,
    ops: 5,
    faults: 0,
    undecided: 0,
    violations: [{ scenario: "soak-1", invariant: "Completed", message: "Error: no session" }],
  });
});

test("what could not be run, or not be decided, is not taken for good", () => {
  const total = { scenarios: 2, ops: 9, faults: 1, undecided: 0, violations: [] };
  expect(exitCodeOf(total)).toBe(0);
  expect(exitCodeOf({ ...total, undecided: 1 })).toBe(3);
  expect(exitCodeOf({ ...total, scenarios: 0 })).toBe(3);
  const broken = { scenario: "a", invariant: "FailStop", message: "" };
  expect(exitCodeOf({ ...total, undecided: 1, violations: [broken] })).toBe(1);
});
