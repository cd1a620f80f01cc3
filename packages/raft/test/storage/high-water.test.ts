import { expect, test } from "vitest";
import { HighWater } from "../../src/storage/high-water.ts";
import { DiskFixture } from "./disk-fixture.ts";

test("a mark that is let go of leaves no timer behind, whenever that is", async () => {
  const left: number[] = [];
  // Densest where the sync that comes after a second meets the last one.
  for (let closeMs = 0; closeMs < 1200; closeMs += closeMs > 980 && closeMs < 1020 ? 0.5 : 20) {
    const { kernel, machine, host } = new DiskFixture();
    machine.disk.slow(4);
    await kernel.until(HighWater.create(host.disk.files));
    const { highWater } = await kernel.until(
      HighWater.open(host, (error) => {
        throw error;
      }),
    );
    highWater.note(1);
    await kernel.run({ untilMs: kernel.nowMs + closeMs });
    await kernel.until(highWater.close());
    await kernel.run({ untilMs: kernel.nowMs + 1 });
    if (machine.timers > 0) left.push(closeMs);
  }
  expect(left).toEqual([]);
});

test("marks that come one at a time are written at once, and those that follow one another once in 5 ms", async () => {
  const { kernel, machine, host } = new DiskFixture();
  await kernel.until(HighWater.create(host.disk.files));
  const { highWater } = await kernel.until(
    HighWater.open(host, (error) => {
      throw error;
    }),
  );
  let writes = 0;
  kernel.onAfterEvent(({ kind }) => {
    if (kind === "file.writeAt") writes += 1;
  });
  for (let seq = 1; seq <= 10; seq += 1) {
    highWater.note(seq);
    await kernel.run({ untilMs: kernel.nowMs + 20 });
    // What is left is for the sync.
    expect(machine.timers).toBe(1);
  }
  expect(writes).toBe(10);
  for (let seq = 11; seq <= 100; seq += 1) {
    highWater.note(seq);
    await kernel.run({ untilMs: kernel.nowMs + 0.5 });
  }
  expect(writes).toBeGreaterThan(15);
  expect(writes).toBeLessThan(22);
  await kernel.run({ untilMs: kernel.nowMs + 10 });
  await kernel.until(highWater.close());
  const { mark } = await kernel.until(HighWater.open(host, () => {}));
  expect(mark).toBe(100);
});
