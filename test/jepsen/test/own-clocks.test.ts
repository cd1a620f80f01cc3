import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { endWithTest } from "../src/processes/children.ts";
import { OwnClocks } from "../src/processes/own-clocks.ts";
import { whyNoPreload } from "../src/processes/preload.ts";
import { TemporaryFolder } from "../src/processes/temporary-folder.ts";

const obstacle = whyNoPreload();
if (obstacle !== null) console.warn(`SKIP: ${obstacle}: clocks of processes are not changed`);

interface Times {
  readonly wallMs: number;
  /** Right before and right after. */
  readonly monotonicMs: number;
  readonly laterMs: number;
  /** What it takes for the machine's. */
  readonly trueMs: number;
  readonly turnedBack: boolean;
}

/** What a process shows, between two looks at the true time. */
interface Look extends Times {
  readonly earliestMs: number;
  readonly latestMs: number;
}

function start(clocks: OwnClocks): ChildProcess {
  const child = fork(join(import.meta.dirname, "support/tell-time.mjs"), {
    env: { ...process.env, ...clocks.env() },
    execArgv: [],
  });
  endWithTest(child);
  return child;
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function look(child: ChildProcess): Promise<Look> {
  const earliestMs = monotonicMs();
  child.send("?");
  const [times] = (await once(child, "message")) as [Times];
  const latestMs = monotonicMs();
  // At twice the rate a nanosecond that is shown is half of one.
  expect(times.trueMs).toBeGreaterThanOrEqual(earliestMs - 1e-3);
  expect(times.trueMs).toBeLessThanOrEqual(latestMs + 1e-3);
  return { ...times, earliestMs, latestMs };
}

/** Bounds of how fast monotonic time passed between two looks. */
function rate(one: Look, other: Look): { readonly least: number; readonly most: number } {
  const shown = other.monotonicMs - one.monotonicMs;
  return {
    least: shown / (other.latestMs - one.earliestMs),
    most: shown / (other.earliestMs - one.latestMs),
  };
}

test.skipIf(obstacle !== null)(
  "wall time jumps, all time drifts and never turns back, and the true time can be told",
  async () => {
    await using folder = await TemporaryFolder.create("own-clocks");
    const clocks = OwnClocks.build(folder.path);
    const child = start(clocks);
    await once(child, "message");
    const before = await look(child);
    clocks.jump(7_200_000);
    const jumped = await look(child);
    const byMs = jumped.wallMs - before.wallMs - 7_200_000;
    // Wall time is told in whole milliseconds.
    expect(byMs).toBeGreaterThan(jumped.monotonicMs - before.laterMs - 2);
    expect(byMs).toBeLessThan(jumped.laterMs - before.monotonicMs + 2);
    await clocks.run(2);
    await pause(200);
    const [begun] = [await look(child), await pause(200)];
    const twice = rate(begun, await look(child));
    expect(twice.least).toBeLessThanOrEqual(2);
    expect(twice.most).toBeGreaterThanOrEqual(2);
    await clocks.run(0.5);
    await clocks.run(1);
    await pause(200);
    const [settled] = [await look(child), await pause(200)];
    const again = rate(settled, await look(child));
    expect(again.least).toBeLessThanOrEqual(1);
    expect(again.most).toBeGreaterThanOrEqual(1);
    expect((await look(child)).turnedBack).toBe(false);
    child.kill();
  },
);
