import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { createLatch } from "../../src/recipes/barrier/latch.ts";
import { isPending, rejection, World } from "./world.ts";

test("a latch opens when so many keys were counted, each once, and stays open", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const latch = (client: typeof a) => client.coord.latch("x", { count: 3 });
  const waits = [a, b].map((client) => latch(client).wait());
  expect(await world.until(latch(a).countDown())).toBe(true);
  expect(await world.until(latch(a).countDown())).toBe(false);
  expect(await world.until(latch(b).countDown({ key: "task 1" }))).toBe(true);
  expect(await world.until(latch(c).countDown({ key: "task 1" }))).toBe(false);
  expect(await world.until(latch(c).remaining())).toBe(1);
  await world.pass(500);
  for (const wait of waits) expect(await isPending(wait)).toBe(true);
  expect(await world.until(latch(c).countDown())).toBe(true);
  await world.until(Promise.all(waits));
  await world.until(latch(c).wait());
  expect(await world.until(latch(c).countDown({ key: "one more" }))).toBe(false);
  expect(await world.until(latch(c).remaining())).toBe(0);
});

test("what was counted stays counted when its process dies", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  await world.until(a.coord.latch("x", { count: 2 }).countDown());
  world.kernel.node(a.machine).crash();
  await world.pass(5_000);
  expect(await world.until(b.coord.latch("x", { count: 2 }).remaining())).toBe(1);
  await world.until(b.coord.latch("x", { count: 2 }).countDown());
  await world.until(b.coord.latch("x", { count: 2 }).wait());
});

test("a count whose answer is lost may be repeated, and counts once", async () => {
  for (let events = 0; events < 40; events += 2) {
    const world = await World.start(1, `lost ${events}`);
    const [a, b] = await world.three();
    const latch = a.coord.latch("x", { count: 2 });
    const stop = new AbortController();
    const counting = latch.countDown({ key: "k", signal: stop.signal }).catch(() => null);
    await world.events(events);
    stop.abort();
    await world.until(counting);
    await world.until(b.coord.latch("x", { count: 2 }).countDown({ key: "k" }));
    expect(await world.until(latch.remaining())).toBe(1);
  }
}, 60_000);

test("a latch counts from the number that it was made with", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  await world.until(coord.latch("x", { count: 2 }).countDown());
  const other = coord.latch("x", { count: 3 });
  const bad = { code: "ERR_FLOTILLA_BAD_ARGUMENT" };
  for (const call of [() => other.countDown(), () => other.wait(), () => other.remaining()])
    expect(await world.until(rejection(call()))).toMatchObject(bad);
  expect(() => coord.latch("x", { count: 0 })).toThrow("count");
  expect(() => coord.latch("x/y", { count: 1 })).toThrow("one path segment");
  expect(await world.until(rejection(coord.latch("x", { count: 2 }).countDown({ key: "" })))).toMatchObject(
    bad,
  );
});

test("whoever waits hears when a latch is cleared; afterwards it begins anew", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const latch = a.coord.latch("x", { count: 1 });
  const waiting = rejection(latch.wait());
  await world.pass(100);
  expect(await world.until(b.coord.latch("x", { count: 1 }).clear())).toBe(true);
  expect(await world.until(waiting)).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(await world.until(latch.clear())).toBe(false);
  expect(await world.until(latch.remaining())).toBe(1);
  await world.until(latch.countDown());
  await world.until(latch.wait());
});

/** A session that has something else happen once, just before it sends its first count of the latch `x`. */
function overtaken(session: Session, happen: () => Promise<unknown>): Session {
  let isDone = false;
  return new Proxy(session, {
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key, target);
      if (typeof found !== "function") return found;
      const call = found.bind(target) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (isDone || !JSON.stringify(args).includes("/latch/x/")) return call(...args);
        isDone = true;
        return happen().then(() => call(...args));
      };
    },
  });
}

test.each([3, 1])(
  "a count beside a clear goes to the latch of its own number alone: made anew for %d",
  async (count) => {
    const world = await World.start();
    const [a, b] = await world.three();
    const other = b.coord.latch("x", { count });
    const session = overtaken(a.session, async () => {
      await other.clear();
      await other.countDown({ key: "first" });
      if (count === 1) await b.session.delete("/latch/x/first");
    });
    await world.until(b.coord.latch("x", { count: 3 }).countDown({ key: "before" }));
    const counting = createLatch(session, "x", { count: 3 }).countDown({ key: "k" });
    if (count === 3) expect(await world.until(counting)).toBe(true);
    else expect(await world.until(rejection(counting))).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
    expect(await world.until(other.remaining())).toBe(1);
  },
);

test("a count takes the fence of a lock, and refuses what is none", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const held = await world.until(coord.lock("l").acquire());
  const { fence } = held;
  const latch = coord.latch("x", { count: 3 });
  expect(await world.until(latch.countDown({ key: "a", fence }))).toBe(true);
  expect(await world.until(latch.countDown({ key: "a", fence }))).toBe(false);
  const bad = { code: "ERR_FLOTILLA_BAD_ARGUMENT" };
  for (const none of [null, 1, { path: fence.path }])
    expect(await world.until(rejection(latch.countDown({ fence: none as never })))).toMatchObject(bad);
  await world.until(held.release());
  for (const key of ["a", "b"])
    expect(await world.until(rejection(latch.countDown({ key, fence })))).toMatchObject({
      code: "ERR_FLOTILLA_FENCED",
    });
  expect(await world.until(latch.remaining())).toBe(2);
});
