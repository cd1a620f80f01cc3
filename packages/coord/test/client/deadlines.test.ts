import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeadlineQueue, Timed } from "../../src/client/deadlines.ts";
import { Deadlines } from "../../src/client/deadlines.ts";
import { counting } from "./counting-clock.ts";
import { FakeClock } from "../server/fake-clock.ts";

class Item implements Timed {
  dueMs = 0;
  earlier: Timed | undefined = undefined;
  later: Timed | undefined = undefined;
  queue: DeadlineQueue | undefined;
  readonly timedOut: () => void;

  constructor(timedOut: () => void) {
    this.timedOut = () => {
      this.queue = undefined;
      timedOut();
    };
  }
}

const wait = fc
  .record({
    startMs: fc.nat(200),
    timeoutMs: fc.oneof(
      fc.constantFrom(50, 100),
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: 0.01, max: 80, noNaN: true }),
    ),
    endsAfterMs: fc.option(fc.nat(120)),
  })
  // At the same moment either may come first.
  .filter(({ timeoutMs, endsAfterMs }) => endsAfterMs === null || Math.abs(timeoutMs - endsAfterMs) > 0.01);

test("every wait times out exactly when a timer of its own would have fired, unless it ended before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(wait, { maxLength: 40 }), async (waits) => {
      const clock = new FakeClock();
      const deadlines = new Deadlines(clock);
      const expected: string[] = [];
      const found: string[] = [];
      for (const [at, { startMs, timeoutMs, endsAfterMs }] of waits.entries()) {
        clock.setTimer(startMs, () => {
          const item = new Item(() => found.push(`${clock.now().toFixed(3)} ${at}`));
          item.queue = deadlines.add(item, timeoutMs);
          const own = clock.setTimer(timeoutMs, () => expected.push(`${clock.now().toFixed(3)} ${at}`));
          if (endsAfterMs === null) return;
          clock.setTimer(endsAfterMs, () => {
            own.cancel();
            item.queue?.remove(item);
            item.queue = undefined;
          });
        });
      }
      await clock.advance(600);
      expect(found.toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns: 200 },
  );
});

test("many waits with the same limit share one timer", () => {
  const { clock, set } = counting(new FakeClock());
  const deadlines = new Deadlines(clock);
  for (let round = 0; round < 100; round += 1) {
    const items = Array.from({ length: 10 }, () => new Item(() => {}));
    const queues = items.map((item) => deadlines.add(item, 1_000));
    for (const [at, item] of items.entries()) queues[at]?.remove(item);
  }
  expect(set()).toBe(1);
});

test("limits that are all different leave few timers behind, and none after the end", () => {
  const { clock, pending } = counting(new FakeClock());
  const deadlines = new Deadlines(clock);
  for (let at = 0; at < 1_000; at += 1) {
    const item = new Item(() => {});
    deadlines.add(item, 1_000 + at / 7).remove(item);
  }
  expect(pending()).toBeLessThanOrEqual(8);
  deadlines.stop();
  expect(pending()).toBe(0);
});
