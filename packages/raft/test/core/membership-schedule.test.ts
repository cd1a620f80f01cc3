import { expect, test } from "vitest";
import { MembershipSchedule } from "./membership-schedule.ts";

const slow = { timeout: 600_000 };
/** Schedules a test; the environment may ask for more, from another seed on. */
const schedules = Number(process.env["FLOTILLA_SCHEDULES"] ?? 15);
const first = Number(process.env["FLOTILLA_SCHEDULE_SEED"] ?? 1);

test.each([1, 3, 5])(
  "a group of %i whose members come and go stays safe and converges afterwards",
  slow,
  (size) => {
    const sum = { changes: 0, joint: 0, refused: 0, replaced: 0 };
    for (let seed = first; seed < first + schedules; seed += 1) {
      const schedule = new MembershipSchedule(seed, size, { electionTicks: 4, trailingEntries: 3 });
      try {
        schedule.run(1500);
        schedule.converge();
      } catch (error) {
        throw new Error(`seed ${seed}, size ${size}`, { cause: error });
      }
      for (const key of ["changes", "joint", "refused", "replaced"] as const)
        sum[key] += schedule.counts[key];
    }
    if (schedules > 100) console.log(size, sum);
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(schedules / 3);
  },
);
