import { expect, test } from "vitest";
import { MembershipSchedule } from "./membership-schedule.ts";
import { eachSeed, schedules } from "./seeds.ts";

const slow = { timeout: 600_000 };

test.each([1, 3, 5])(
  "a group of %i whose members come and go stays safe and converges afterwards",
  slow,
  async (size) => {
    const sum = { changes: 0, joint: 0, refused: 0, replaced: 0 };
    await eachSeed((seed) => {
      const schedule = new MembershipSchedule(seed, size, { electionTicks: 4, trailingEntries: 3 });
      schedule.run(1500);
      schedule.converge();
      for (const key of ["changes", "joint", "refused", "replaced"] as const)
        sum[key] += schedule.counts[key];
    });
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(schedules / 3);
  },
);
