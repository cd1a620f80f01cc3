import { expect, test } from "vitest";
import { runPlan } from "../src/index.ts";
import { smallPlan } from "./_support/small-plan.ts";

async function leaseReads(leaseSwitchesMs: readonly number[]): Promise<number> {
  const plan = smallPlan(5);
  const { violations, leaseReads } = await runPlan({ ...plan, config: { ...plan.config, leaseSwitchesMs } });
  expect(violations).toEqual([]);
  return leaseReads;
}

test("reads are answered from leases while those are switched on", { timeout: 120_000 }, async () => {
  expect(await leaseReads([])).toBe(0);
  const first = await leaseReads([2000, 4000]);
  const both = await leaseReads([2000, 4000, 7000]);
  const always = await leaseReads([2000]);
  expect(first).toBeGreaterThan(10);
  expect(both).toBeGreaterThan(first);
  expect(always).toBeGreaterThan(both);
});
