import { describe, expect, test } from "vitest";
import { keyCount } from "../src/clients/client.ts";
import { closedLoop } from "../src/load/closed-loop.ts";
import type { LoopOptions } from "../src/load/job.ts";

const options: LoopOptions = {
  depth: 3,
  warmUpMs: 5,
  measureMs: 50,
  watched: { servers: [], idle: [] },
};

// CPU is read from /proc.
describe.runIf(process.platform === "linux")("a closed loop", () => {
  test("as many operations are under way as asked for, and each is counted once", async () => {
    let underWay = 0;
    let most = 0;
    let all = 0;
    const keys = new Set<number>();
    const set = async (key: number): Promise<void> => {
      underWay += 1;
      most = Math.max(most, underWay);
      keys.add(key);
      await new Promise((done) => setImmediate(done));
      underWay -= 1;
      all += 1;
    };
    const result = await closedLoop([set, set], options);
    expect(most).toBe(6);
    expect(underWay).toBe(0);
    expect(result.operations).toBeGreaterThan(0);
    expect(result.operations).toBeLessThanOrEqual(all);
    expect([...keys].every((key) => Number.isInteger(key) && key >= 0 && key < keyCount)).toBe(true);
  });

  test("answers that need no event loop do not keep it from ending", async () => {
    const result = await closedLoop([async () => {}], options);
    expect(result.operations).toBeGreaterThan(0);
  });

  test("one failure ends the round", async () => {
    let calls = 0;
    const failing = async (): Promise<void> => {
      calls += 1;
      if (calls > 10) throw new Error("no more");
    };
    await expect(closedLoop([failing], { ...options, measureMs: 60_000 })).rejects.toThrow("no more");
  });
});
