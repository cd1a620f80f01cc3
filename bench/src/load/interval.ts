import { setTimeout as pause } from "node:timers/promises";
import { readUsage, spent } from "../machine/usage.ts";
import type { Histogram } from "./histogram.ts";
import type { LoadResult, LoopOptions } from "./job.ts";

/** What goes on until it is told to stop, and counts from when it is told to measure. */
export interface Measurable {
  readonly histogram: Histogram;
  measure(): void;
  stop(): void;
}

/**
 * Lets it warm up, then measures what it counts in the interval. `ended`: when all of it has stopped.
 * @throws Error as soon as `ended` does
 */
export async function measureInterval(
  load: Measurable,
  ended: Promise<unknown>,
  { warmUpMs, measureMs, watched }: Pick<LoopOptions, "warmUpMs" | "measureMs" | "watched">,
): Promise<LoadResult> {
  await Promise.race([pause(warmUpMs), ended]);
  const before = readUsage(watched);
  const from = process.hrtime.bigint();
  load.measure();
  await Promise.race([pause(measureMs), ended]);
  load.stop();
  const to = process.hrtime.bigint();
  const after = readUsage(watched);
  await ended;
  return {
    operations: load.histogram.count,
    elapsedMs: Number(to - from) / 1e6,
    histogram: load.histogram.toData(),
    spent: spent(before, after),
    fromUs: Number(from / 1000n),
    toUs: Number(to / 1000n),
  };
}
