import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { Machine } from "@flotilla/kv";
import { OwnTimes } from "../src/kv/own-times.ts";
import { TimedMachine } from "../src/kv/timed-machine.ts";
import { TreeCommands } from "../src/kv/tree-commands.ts";

test("work counts by what it used, and never more than the time that passed", async () => {
  const own = new OwnTimes();
  const begun = performance.now();
  let sum = 0;
  own.run(() => {
    for (let k = 0; k < 3e6; k += 1) sum += Math.sqrt(k);
  });
  const passedMs = performance.now() - begun;
  await pause(1);
  own.run(() => sum);
  expect(sum).toBeGreaterThan(0);
  const { count, maxMs } = own.times;
  expect(count).toBe(2);
  expect(maxMs).toBeGreaterThan(0);
  expect(maxMs).toBeLessThanOrEqual(passedMs);
});

test("a tree of so many nodes is built, written to, and taken up again", () => {
  const machine = new Machine();
  const commands = new TreeCommands(2_500);
  const last = commands.grow(machine);
  expect(last).toBe(2_501);
  expect([machine.nodes, machine.get("/folder-0002/node-0499")?.value.length]).toEqual([2_501, 100]);
  const timed = new TimedMachine(machine, 10_000);
  for (let index = 1; index <= 20; index += 1)
    timed.apply({ index, term: 1, timeMs: 1, payload: commands.set(() => index / 21) });
  expect(machine.revision).toBe(2_520);
  const other = new Machine();
  const restoring = new TimedMachine(other, 10_000).beginRestore();
  // A chunk is lent until the next one.
  for (const chunk of timed.snapshot().chunks()) restoring.write(chunk.slice());
  for (let isMore = true; isMore;) isMore = restoring.work();
  restoring.prove();
  restoring.replace();
  expect(other.digest()).toBe(machine.digest());
  expect(timed.slices.times.count).toBeGreaterThan(5);
});
