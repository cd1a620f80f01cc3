import { expect, test } from "vitest";
import { eachSeed, schedules } from "../core/seeds.ts";
import { PeerModel } from "./peer-model.ts";

const slow = { timeout: 600_000 };

test(
  "links under any schedule carry what was sent on them in order, end when they must, and hold a bounded backlog",
  slow,
  async () => {
    const sum = { heard: 0, sessions: 0, unreadable: 0, silent: 0, full: 0 };
    await eachSeed((seed) => {
      const model = new PeerModel(seed);
      model.run(1200);
      for (const key of ["heard", "sessions", "unreadable", "silent", "full"] as const)
        sum[key] += model.counts[key];
    });
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(schedules / 5);
  },
);
