import { expect, test } from "vitest";
import { eachSeed, schedules } from "../core/seeds.ts";
import { RoughWorld } from "./rough-world.ts";

const slow = { timeout: 600_000 };

test(
  "whole members stay safe whatever befalls them, elect nobody without a cause and converge",
  slow,
  async () => {
    const sum = { acknowledged: 0, installed: 0, reads: 0, stalls: 0 };
    await eachSeed(async (seed) => {
      const world = new RoughWorld(seed);
      await world.run(7);
      await world.converge();
      for (const key of ["acknowledged", "installed", "reads", "stalls"] as const)
        sum[key] += world.counts[key];
    });
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(schedules);
  },
);
