import { expect, test } from "vitest";
import { nothing, remains } from "./places.ts";
import { isPending, rejection, World } from "./world.ts";

const lost = { code: "ERR_FLOTILLA_LOST" };

test("a lock that says so is shared by those who ask it again while it holds", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const lock = a.coord.lock("x", { reentrant: true });
  const other = b.coord.lock("x").acquire();
  (await world.until(other)).release().catch(() => {});
  await world.pass(100);
  const outer = await world.until(lock.acquire());
  const inner = await world.until(lock.run((held) => held.epoch));
  expect(inner).toBe(outer.epoch);
  const second = await world.until(lock.tryAcquire());
  const waiting = b.coord.lock("x").acquire();
  await world.until(outer.release());
  await world.until(outer.release());
  expect(outer.signal.aborted).toBe(true);
  expect(() => outer.assert()).toThrow(expect.objectContaining(lost));
  second!.assert();
  await world.pass(500);
  expect(await isPending(waiting)).toBe(true);
  await world.until(second!.release());
  expect((await world.until(waiting)).epoch).toBeGreaterThan(outer.epoch);
  expect(await world.until(lock.tryAcquire())).toBeNull();
});

test("those who ask at once share one wait, and what comes of it", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const lock = a.coord.lock("x", { reentrant: true });
  const other = await world.until(b.coord.lock("x").acquire());
  const both = Promise.all([lock.acquire(), lock.acquire()]);
  await world.pass(200);
  expect((await world.until(b.coord.lock("x").inspect())).waiters).toHaveLength(1);
  const third = lock.run((held) => held.epoch);
  expect(await world.until(lock.tryAcquire())).toBeNull();
  await world.until(other.release());
  const [first, second] = await world.until(both);
  expect([first.epoch, await world.until(third)]).toEqual([second.epoch, second.epoch]);
  await world.until(first.release());
  second.assert();
  const waiting = b.coord.lock("x").acquire();
  await world.pass(200);
  expect(await isPending(waiting)).toBe(true);
  await world.until(second.release());
  await world.until((await world.until(waiting)).release());
  expect(await remains(world, a, "/lock/x")).toEqual(nothing);
});

test("those who try at once share what is free, also with who would wait", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const lock = a.coord.lock("x", { reentrant: true });
  const all = await world.until(Promise.all([lock.tryAcquire(), lock.tryAcquire(), lock.acquire()]));
  expect(new Set(all.map((held) => held?.epoch)).size).toBe(1);
  for (const held of all) await world.until(held!.release());
  const other = await world.until(b.coord.lock("x").acquire());
  const attempt = lock.tryAcquire();
  const waiting = lock.acquire();
  expect(await world.until(attempt)).toBeNull();
  await world.pass(200);
  expect(await isPending(waiting)).toBe(true);
  await world.until(other.release());
  await world.until((await world.until(waiting)).release());
  expect(await remains(world, a, "/lock/x")).toEqual(nothing);
});

test("a wait that others share is bounded for each by itself, and ends with the last of them", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const lock = a.coord.lock("x", { reentrant: true });
  const other = await world.until(b.coord.lock("x").acquire());
  const controller = new AbortController();
  const first = rejection(lock.acquire({ timeoutMs: 300 }));
  const second = rejection(lock.acquire({ signal: controller.signal }));
  const third = lock.acquire();
  expect(await world.until(first)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  controller.abort();
  expect(await world.until(second)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  await world.until(other.release());
  await world.until((await world.until(third)).release());
  const again = await world.until(b.coord.lock("x").acquire());
  const alone = rejection(lock.acquire({ timeoutMs: 300 }));
  expect(await world.until(alone)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(200);
  expect((await world.until(b.coord.lock("x").inspect())).waiters).toHaveLength(0);
  await world.until(again.release());
});

test("a wait that ends at any moment leaves nothing that is held by nobody", async () => {
  for (let step = 0; step < 40; step += 1) {
    const world = await World.start(1, `shared ${step}`);
    const [a, b] = await world.three();
    const lock = a.coord.lock("x", { reentrant: true });
    const controllers = [new AbortController(), new AbortController()];
    const waits = controllers.map(({ signal }) => lock.acquire({ signal }).catch(() => null));
    await world.events(step);
    for (const controller of controllers) controller.abort();
    const helds = await world.until(Promise.all(waits));
    for (const held of helds) await world.until(held?.release() ?? Promise.resolve());
    await world.until((await world.until(b.coord.lock("x").acquire())).release());
    expect(await remains(world, b, "/lock/x")).toEqual(nothing);
  }
}, 60_000);
