import { Kernel } from "@flotilla/runtime/sim";
import type { Clock } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { Ticker } from "../../src/node/ticker.ts";

type Tick = readonly [atMs: number, count: number];

/** A ticker every 100 ms, and what it delivered when. */
function started(
  clock: Clock,
  quiet: () => number = () => 0,
  steady: () => boolean = () => false,
): { ticker: Ticker; ticks: Tick[] } {
  const ticks: Tick[] = [];
  const startMs = clock.now();
  const ticker = new Ticker({
    clock,
    intervalMs: 100,
    quiet,
    steady,
    onTicks: (count) => ticks.push([Math.round(clock.now() - startMs), count]),
  });
  ticker.start();
  return { ticker, ticks };
}

test("ticks come at fixed multiples of the interval", async () => {
  const kernel = new Kernel({ seed: 1 });
  const { clock } = kernel.node("a").start();
  const startMs = clock.now();
  const { ticker, ticks } = started(clock);
  await kernel.run({ untilMs: kernel.nowMs + 1050 });
  expect(ticks.map(([, count]) => count)).toEqual(Array.from({ length: 10 }, () => 1));
  ticker.stop();
  await kernel.run({ untilMs: kernel.nowMs + 1000 });
  expect(ticks).toHaveLength(10);
  expect(clock.now()).toBeGreaterThan(startMs + 2000);
});

test("of the ticks missed in a stall at most two are made up, and the rhythm stays", async () => {
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { ticker, ticks } = started(machine.start().clock);
  await kernel.run({ untilMs: kernel.nowMs + 150 });
  machine.pause();
  await kernel.run({ untilMs: kernel.nowMs + 1000 });
  machine.resume();
  await kernel.run({ untilMs: kernel.nowMs + 100 });
  expect(ticks.map(([, count]) => count)).toEqual([1, 2, 1]);
  expect((ticks.at(-1)?.[0] ?? 0) % 100).toBeLessThan(2);
  ticker.stop();
});

test("a tick that only counts waits for the next one", async () => {
  const kernel = new Kernel({ seed: 1 });
  let quiet = 5;
  const { ticker, ticks } = started(kernel.node("a").start().clock, () => quiet);
  await kernel.run({ untilMs: kernel.nowMs + 450 });
  quiet = 0;
  await kernel.run({ untilMs: kernel.nowMs + 400 });
  expect(ticks.map(([, count]) => count)).toEqual([2, 2, 2, 1, 1]);
  ticker.stop();
});

test("a turn takes ticks that only count, and they do not come again", async () => {
  const kernel = new Kernel({ seed: 1 });
  const { clock } = kernel.node("a").start();
  const { ticker, ticks } = started(clock, () => 1);
  await kernel.run({ untilMs: kernel.nowMs + 50 });
  expect(ticker.takeQuiet(clock.now())).toBe(0);
  await kernel.run({ untilMs: kernel.nowMs + 100 });
  expect(ticker.takeQuiet(clock.now())).toBe(1);
  expect(ticker.takeQuiet(clock.now())).toBe(0);
  await kernel.run({ untilMs: kernel.nowMs + 300 });
  expect(ticks.map(([, count]) => count)).toEqual([1, 2]);
  ticker.stop();
});

test("a turn takes no tick that does more than count, and none after a stall", async () => {
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { clock } = machine.start();
  let quiet = 9;
  const { ticker, ticks } = started(clock, () => quiet);
  await kernel.run({ untilMs: kernel.nowMs + 150 });
  quiet = 0;
  expect(ticker.takeQuiet(clock.now())).toBe(0);
  quiet = 9;
  machine.pause();
  await kernel.run({ untilMs: kernel.nowMs + 1000 });
  expect(ticker.takeQuiet(clock.now())).toBe(0);
  machine.resume();
  await kernel.run({ untilMs: kernel.nowMs + 40 });
  expect(ticks.map(([, count]) => count)).toEqual([2]);
  ticker.stop();
});

test("a tick that was left to the next one comes in time when it does more than count by then", async () => {
  const kernel = new Kernel({ seed: 1 });
  let quiet = 9;
  const { ticker, ticks } = started(kernel.node("a").start().clock, () => quiet);
  await kernel.run({ untilMs: kernel.nowMs + 50 });
  ticker.hasten();
  quiet = 0;
  ticker.hasten();
  await kernel.run({ untilMs: kernel.nowMs + 100 });
  expect(ticks.map(([, count]) => count)).toEqual([1]);
  expect(ticks[0]?.[0]).toBe(100);
  ticker.stop();
});

test("a tick on its way is not hastened: there is one timer, and none once it has stopped", async () => {
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { clock } = machine.start();
  let quiet = 9;
  const { ticker, ticks } = started(
    {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      setTimer: (delayMs, fn) => clock.setTimer(delayMs, fn),
      defer: (fn) => {
        quiet = 0;
        ticker.hasten();
        clock.defer(fn);
      },
    },
    () => quiet,
  );
  await kernel.run({ untilMs: kernel.nowMs + 250 });
  expect(ticks.map(([, count]) => count)).toEqual([2]);
  ticker.stop();
  expect(machine.timers).toBe(0);
});

test("a tick that ends nothing does not wait for a poll phase, unless it is late", async () => {
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { clock } = machine.start();
  const order: string[] = [];
  const deferring = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    setTimer: (delayMs: number, fn: () => void) => clock.setTimer(delayMs, fn),
    defer: (fn: () => void) => {
      order.push("poll");
      clock.defer(fn);
    },
  };
  let steady = true;
  const { ticker, ticks } = started(
    deferring,
    () => 0,
    () => steady,
  );
  await kernel.run({ untilMs: kernel.nowMs + 150 });
  expect([order.length, ticks.length]).toEqual([0, 1]);
  machine.pause();
  await kernel.run({ untilMs: kernel.nowMs + 100 });
  machine.resume();
  await kernel.run({ untilMs: kernel.nowMs + 20 });
  expect([order.length, ticks.length]).toEqual([1, 2]);
  steady = false;
  await kernel.run({ untilMs: kernel.nowMs + 50 });
  expect([order.length, ticks.length]).toEqual([2, 3]);
  ticker.stop();
});
