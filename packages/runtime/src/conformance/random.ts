import assert from "node:assert/strict";
import type { Random } from "../random.ts";
import type { ConformanceCase } from "./case.ts";

export interface RandomSubject {
  readonly random: Random;
}

const draws = 20_000;

/** Eight standard deviations: a fair source fails once in 10^15 runs. */
function assertFair(hits: number, chance: number): void {
  const spread = 8 * Math.sqrt(draws * chance * (1 - chance));
  assert.ok(Math.abs(hits - draws * chance) <= spread, `${hits} hits of ${draws} at chance ${chance}`);
}

/** What every `Random` keeps. */
export const randomConformance: readonly ConformanceCase<RandomSubject>[] = [
  {
    name: "u32 draws integers of 32 bits, each bit fair",
    async run({ random }) {
      const ones = Array.from({ length: 32 }, () => 0);
      for (let i = 0; i < draws; i++) {
        const value = random.u32();
        assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
        for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] ?? 0) + ((value >>> bit) & 1);
      }
      for (const count of ones) assertFair(count, 0.5);
    },
  },
  {
    name: "below stays under its limit and reaches every value",
    async run({ random }) {
      const seen = [0, 0, 0, 0, 0, 0, 0];
      for (let i = 0; i < draws; i++) {
        const value = random.below(7);
        assert.ok(Number.isInteger(value) && value >= 0 && value < 7);
        seen[value] = (seen[value] ?? 0) + 1;
        assert.equal(random.below(1), 0);
        assert.ok(random.below(2 ** 32) < 2 ** 32);
      }
      for (const count of seen) assertFair(count, 1 / 7);
    },
  },
  {
    name: "below is not biased near the top of its range",
    async run({ random }) {
      const limit = 3 * 2 ** 30;
      let low = 0;
      for (let i = 0; i < draws; i++) if (random.below(limit) < 2 ** 30) low++;
      assertFair(low, 1 / 3);
    },
  },
  {
    name: "float stays in [0, 1), with a fair half",
    async run({ random }) {
      let low = 0;
      for (let i = 0; i < draws; i++) {
        const value = random.float();
        assert.ok(value >= 0 && value < 1);
        if (value < 0.5) low++;
      }
      assertFair(low, 0.5);
    },
  },
  {
    name: "bytes gives as many as asked, in memory of their own",
    async run({ random }) {
      for (const length of [0, 1, 7, 16, 5000]) assert.equal(random.bytes(length).length, length);
      const first = random.bytes(32);
      const kept = Uint8Array.from(first);
      random.bytes(32).fill(0);
      assert.deepEqual(first, kept);
    },
  },
  {
    name: "bytes does not repeat itself",
    async run({ random }) {
      const seen = new Set<string>();
      for (let i = 0; i < 1000; i++) seen.add(random.bytes(16).join());
      assert.equal(seen.size, 1000);
    },
  },
];
