import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { Ticker } from "../../src/node/ticker.ts";

test("ticks come at fixed multiples of the interval", async () => {
  const kernel = new Kernel({ seed: 1 });
  const { clock } = kernel.node("a").start();
  const times: number[] = [];
  const startMs = clock.now();
  const ticker = new Ticker(clock, 100, (count) => times.push(count));
  ticker.start();
  await kernel.run({ untilMs: kernel.nowMs + 1050 });
  expect(times).toEqual(Array.from({ length: 10 }, () => 1));
  ticker.stop();
  await kernel.run({ untilMs: kernel.nowMs + 1000 });
  expect(times).toHaveLength(10);
  expect(clock.now()).toBeGreaterThan(startMs + 2000);
});

test("of the ticks missed in a stall at most two are made up, and the rhythm stays", async () => {
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { clock } = machine.start();
  const ticks: (readonly [number, number])[] = [];
  const startMs = clock.now();
  const ticker = new Ticker(clock, 100, (count) => ticks.push([Math.round(clock.now() - startMs), count]));
  ticker.start();
  await kernel.run({ untilMs: kernel.nowMs + 150 });
  machine.pause();
  await kernel.run({ untilMs: kernel.nowMs + 1000 });
  machine.resume();
  await kernel.run({ untilMs: kernel.nowMs + 100 });
  expect(ticks.map(([, count]) => count)).toEqual([1, 2, 1]);
  expect((ticks.at(-1)?.[0] ?? 0) % 100).toBeLessThan(2);
  ticker.stop();
});
