import { expect, test } from "vitest";
import { eachSeed, schedules } from "../core/seeds.ts";
import { SnapshotPullModel } from "./snapshot-pull-model.ts";

const slow = { timeout: 600_000 };

test(
  "a snapshot pulled under any schedule of answers is the one that was offered, byte for byte",
  slow,
  async () => {
    const sum = { received: 0, powerLosses: 0, resumed: 0, late: 0 };
    await eachSeed(async (seed) => {
      const model = new SnapshotPullModel(seed);
      await model.run(80);
      for (const key of ["received", "powerLosses", "resumed", "late"] as const)
        sum[key] += model.counts[key];
    });
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(schedules / 5);
  },
);
