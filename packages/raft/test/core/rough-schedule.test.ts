import { test } from "vitest";
import { RoughSchedule } from "./rough-schedule.ts";
import { eachSeed } from "./seeds.ts";

const slow = { timeout: 600_000 };

test.each([2, 3, 4, 5])(
  "a group of %i with small bounds, slow snapshots and leaders cut off stays safe and converges afterwards",
  slow,
  async (size) => {
    await eachSeed((seed) => {
      const schedule = new RoughSchedule(seed, size);
      schedule.run(700);
      schedule.converge();
    });
  },
);
