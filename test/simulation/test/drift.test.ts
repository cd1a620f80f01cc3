import { singleHolder } from "@flotilla/history";
import { forbidGlobals } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { Fault, Plan } from "../src/index.ts";
import { judge } from "../src/verdict/judge.ts";
import { liveWorld } from "../src/world/run-world.ts";
import type { World } from "../src/world/world.ts";
import { smallPlan } from "./_support/small-plan.ts";

const timeout = 300_000;

/** Clients that campaign and lock, cut off for longer than a lease while they hold something; clocks of two run slow. */
function slowPlan(seed: number, by: number): Plan {
  const { clients, config, ...plan } = smallPlan(seed);
  const cuts = [4000, 8000, 12_000, 16_000, 20_000, 24_000].map((atMs, key): Fault => {
    return { atMs, kind: "client-cut", target: `holder#${key % 2}`, durMs: 2500, args: { key, from: "all" } };
  });
  const slow = [0, 1].map((index): Fault => {
    const args = { key: `slow ${index}`, by };
    return { atMs: 1500, kind: "client-drift", target: `client#${index}`, durMs: 30_000, args };
  });
  return {
    ...plan,
    clients: clients.map((client) => ({ ...client, locks: true, watches: 0 })),
    config: { ...config, loadMs: 30_000 },
    faults: by > 0 ? [...slow, ...cuts] : cuts,
  };
}

async function lived(plan: Plan): Promise<World> {
  const restore = forbidGlobals();
  try {
    const { world } = await liveWorld(plan);
    judge(world);
    return world;
  } finally {
    restore();
  }
}

test(
  "clocks far beyond what leases allow for make two believe at once, and nothing behind a fence takes what is stale",
  async () => {
    let overlaps = 0;
    let refused = 0;
    for (const seed of [1, 2]) {
      const { beliefs, outside, findings } = await lived(slowPlan(seed, 0.7));
      expect(findings.all).toEqual([]);
      const alone = beliefs.byAssert().filter(({ places }) => places === 1);
      overlaps += singleHolder(alone).violations.length;
      refused += outside.refused;
      expect(outside.accepted.length).toBeGreaterThan(5);
    }
    expect(overlaps).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  },
  timeout,
);

test(
  "within it nobody believes beside another, and a write that was long under way is refused all the same",
  async () => {
    const { beliefs, outside, findings } = await lived(slowPlan(3, 0));
    expect(findings.all).toEqual([]);
    expect(beliefs.count).toBeGreaterThan(5);
    expect(outside.refused).toBeGreaterThan(0);
  },
  timeout,
);
