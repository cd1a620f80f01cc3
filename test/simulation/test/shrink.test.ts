import { expect, test } from "vitest";
import { makePlan } from "../src/index.ts";
import type { Plan, WorldResult } from "../src/index.ts";
import { shrink } from "../src/runner/shrink.ts";

const plan = makePlan(1);
const guilty = plan.faults.slice(2, 4);

/** Breaks one promise while both guilty faults are there, and another one otherwise. */
function pretend(tried: Plan): WorldResult {
  const isBroken = guilty.every((fault) => tried.faults.includes(fault));
  const invariant = isBroken ? "WatchComplete" : "Convergence";
  return { plan: tried, violations: [{ invariant, message: "", atMs: null }] } as unknown as WorldResult;
}

test("drops every fault that the failure does not need, and keeps the same failure", async () => {
  const {
    result,
    plan: left,
    tries,
  } = await shrink(pretend(plan), (tried) => Promise.resolve(pretend(tried)));
  expect(left.faults).toEqual(guilty);
  expect(result.violations[0]?.invariant).toBe("WatchComplete");
  expect(left.clients).toHaveLength(plan.clients.length);
  expect(tries).toBeLessThanOrEqual(200);
});

test("leaves clients nothing to do that the failure does not need", async () => {
  const busy = {
    leases: true,
    locks: true,
    counts: true,
    lists: true,
    recalls: true,
    plays: ["queue"],
  } as const;
  const clients = plan.clients.map((client) => ({ ...client, ...busy }));
  const { plan: left } = await shrink(pretend({ ...plan, clients }), (tried) =>
    Promise.resolve(pretend(tried)),
  );
  for (const [at, { ttlMs, embeddedIn, diesAtEnd }] of plan.clients.entries()) {
    const kept = { ttlMs, embeddedIn, diesAtEnd };
    expect(left.clients[at]).toEqual({ ...kept, lanes: 1, watches: 0, elects: false, registers: false });
  }
});
