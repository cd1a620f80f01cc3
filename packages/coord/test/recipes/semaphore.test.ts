import { expect, test } from "vitest";
import type { LockHold, ReadWriteLock } from "../../src/recipes/lock-api.ts";
import { nothing, remains } from "./places.ts";
import { isPending, rejection, World } from "./world.ts";
import type { Client } from "./world.ts";

function of({ coord }: Client): ReadWriteLock {
  return coord.readWriteLock("x");
}

/** Stands in line one after the other, in this order. */
async function queue(world: World, clients: readonly Client[]): Promise<Promise<LockHold>[]> {
  const waiting: Promise<LockHold>[] = [];
  for (const client of clients) {
    waiting.push(client.coord.semaphore("s", { permits: 3 }).acquire());
    await world.pass(50);
  }
  return waiting;
}

test("as many hold as there are permits, and who wants many is not overtaken", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const one = await world.until(a.coord.semaphore("s", { permits: 3 }).acquire());
  const two = await world.until(b.coord.semaphore("s", { permits: 3 }).acquire({ permits: 2 }));
  expect(two.epoch).toBeGreaterThan(one.epoch);
  expect(await world.until(c.coord.semaphore("s", { permits: 3 }).tryAcquire())).toBeNull();
  const many = c.coord.semaphore("s", { permits: 3 }).acquire({ permits: 3 });
  await world.pass(50);
  const few = a.coord.semaphore("s", { permits: 3 }).acquire();
  await world.pass(50);
  await world.until(one.release());
  await world.pass(500);
  expect(await isPending(few)).toBe(true);
  await world.until(two.release());
  const all = await world.until(many);
  expect(await isPending(few)).toBe(true);
  await world.until(all.release());
  await world.until((await world.until(few)).release());
  expect(await remains(world, a, "/semaphore/s")).toEqual(nothing);
});

test("a release grants all that have a place then, in one revision", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const all = await world.until(a.coord.semaphore("s", { permits: 3 }).acquire({ permits: 3 }));
  const waiting = await queue(world, [b, c, a, b]);
  await world.until(all.release());
  const granted = await world.until(Promise.all(waiting.slice(0, 3)));
  expect(new Set(granted.map(({ epoch }) => epoch)).size).toBe(1);
  await world.pass(500);
  const report = await world.until(a.coord.semaphore("s", { permits: 3 }).inspect());
  expect(report.holders).toHaveLength(3);
  expect(report.waiters).toHaveLength(1);
});

test("the permits of whoever dies go to all who have a place then", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  await world.until(a.coord.semaphore("s", { permits: 3 }).acquire({ permits: 2 }));
  const rest = await world.until(b.coord.semaphore("s", { permits: 3 }).acquire());
  const first = c.coord.semaphore("s", { permits: 3 }).acquire();
  await world.pass(50);
  const second = b.coord.semaphore("s", { permits: 3 }).acquire();
  await world.pass(50);
  world.kernel.node(a.machine).crash();
  const [p, q] = await world.until(Promise.all([first, second]));
  expect(p.epoch).toBe(q.epoch);
  rest.assert();
});

test("those who hold at once count the same permits", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const held = await world.until(a.coord.semaphore("s", { permits: 3 }).acquire());
  const other = b.coord.semaphore("s", { permits: 5 });
  for (const refused of [other.acquire(), other.tryAcquire()]) {
    expect(await world.until(rejection(refused))).toMatchObject({
      code: "ERR_FLOTILLA_BAD_ARGUMENT",
      message: expect.stringContaining("3 permits"),
    });
  }
  await world.pass(100);
  await world.until(held.release());
  await world.until(other.acquire({ permits: 5 }));
});

test("many read or one writes, and neither is overtaken for ever", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const reading = await world.until(of(a).read.acquire());
  const beside = await world.until(of(b).read.acquire());
  const writing = of(c).write.acquire();
  await world.pass(50);
  const late = [of(a).read.acquire(), of(b).read.acquire()];
  await world.pass(500);
  expect(await world.until(of(b).read.tryAcquire())).toBeNull();
  expect(await Promise.all(late.map(isPending))).toEqual([true, true]);
  await world.until(reading.release());
  await world.pass(100);
  expect(await isPending(writing)).toBe(true);
  await world.until(beside.release());
  const writer = await world.until(writing);
  expect(writer.epoch).toBeGreaterThan(beside.epoch);
  expect(await Promise.all(late.map(isPending))).toEqual([true, true]);
  await world.until(writer.release());
  const readers = await world.until(Promise.all(late));
  expect(readers[0]?.epoch).toBe(readers[1]?.epoch);
});

test("an acquisition that is aborted at any moment leaves nothing in line", async () => {
  for (let step = 0; ; step += 1) {
    const world = await World.start(1, `abort ${step}`);
    const [a, b] = await world.three();
    const held = await world.until(a.coord.semaphore("s", { permits: 2 }).acquire());
    const controller = new AbortController();
    const acquiring = b.coord.semaphore("s", { permits: 2 }).acquire({ signal: controller.signal });
    acquiring.catch(() => {});
    await world.events(step);
    const isDone = !(await isPending(acquiring));
    controller.abort();
    if (isDone) await world.until((await acquiring).release());
    await world.pass(500);
    expect((await remains(world, a, "/semaphore/s")).line).toHaveLength(1);
    await world.until(held.release());
    expect(await remains(world, a, "/semaphore/s")).toEqual(nothing);
    if (isDone) break;
  }
}, 60_000);
