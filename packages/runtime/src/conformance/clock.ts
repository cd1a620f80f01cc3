import assert from "node:assert/strict";
import type { Clock } from "../clock.ts";
import type { ConformanceCase, World } from "./case.ts";

/** A clock that runs true, without stalls. */
export interface ClockSubject {
  readonly world: World;
  readonly clock: Clock;
}

function after(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(delayMs, resolve));
}

function deferred(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.defer(resolve));
}

/** What every `Clock` keeps. */
export const clockConformance: readonly ConformanceCase<ClockSubject>[] = [
  {
    name: "a timer fires no earlier than its delay by the monotonic clock",
    async run({ world, clock }) {
      for (const delayMs of [0.5, 5, 12.3]) {
        const start = clock.now();
        await world.until(after(clock, delayMs));
        assert.ok(clock.now() - start >= delayMs);
      }
    },
  },
  {
    name: "timers fire in the order they fall due",
    async run({ world, clock }) {
      const fired: number[] = [];
      for (const delayMs of [45, 15, 30]) clock.setTimer(delayMs, () => fired.push(delayMs));
      await world.until(after(clock, 60));
      assert.deepEqual(fired, [15, 30, 45]);
    },
  },
  {
    name: "a delay of zero or below fires later, never within the call",
    async run({ world, clock }) {
      for (const delayMs of [0, -5]) {
        let armed = false;
        const fired = new Promise<boolean>((resolve) => void clock.setTimer(delayMs, () => resolve(armed)));
        armed = true;
        assert.equal(await world.until(fired), true);
      }
    },
  },
  {
    name: "a cancelled timer never fires, and cancelling again or late is harmless",
    async run({ world, clock }) {
      let fired = 0;
      const cancelled = clock.setTimer(5, () => (fired += 1));
      cancelled.cancel();
      cancelled.cancel();
      const kept = clock.setTimer(5, () => (fired += 10));
      await world.until(after(clock, 20));
      kept.cancel();
      assert.equal(fired, 10);
    },
  },
  {
    name: "a timer can cancel another that is due at the same time",
    async run({ world, clock }) {
      const fired: string[] = [];
      const timers = ["a", "b"].map((name, index) =>
        clock.setTimer(5, () => {
          fired.push(name);
          timers[1 - index]?.cancel();
        }),
      );
      await world.until(after(clock, 20));
      assert.equal(fired.length, 1);
    },
  },
  {
    name: "deferred calls run later, in the order they were made",
    async run({ world, clock }) {
      const ran: string[] = [];
      clock.defer(() => {
        ran.push("a");
        clock.defer(() => ran.push("c"));
      });
      clock.defer(() => ran.push("b"));
      assert.deepEqual(ran, []);
      await world.until(deferred(clock));
      await world.until(deferred(clock));
      assert.deepEqual(ran, ["a", "b", "c"]);
    },
  },
  {
    name: "deferred calls keep their order whoever makes them",
    async run({ world, clock }) {
      const made: number[] = [];
      const ran: number[] = [];
      function defer(): void {
        const n = made.length;
        made.push(n);
        clock.defer(() => {
          ran.push(n);
          if (made.length < 60) defer();
        });
      }
      clock.setTimer(1, defer);
      clock.setTimer(2, defer);
      void Promise.resolve().then(defer);
      defer();
      await world.until(after(clock, 50));
      while (ran.length < made.length) await world.until(deferred(clock));
      assert.deepEqual(ran, made);
    },
  },
  {
    name: "the wall clock is a plausible number of milliseconds",
    async run({ clock }) {
      assert.ok(Number.isFinite(clock.wallNow()));
      assert.ok(clock.wallNow() >= 0);
    },
  },
];
