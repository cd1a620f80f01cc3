import { expect, test } from "vitest";
import type { LockHold } from "../../src/recipes/lock-api.ts";
import { overridden } from "./overridden.ts";
import { nothing, remains } from "./places.ts";
import { isPending, rejection, World } from "./world.ts";
import type { Client } from "./world.ts";

const of = ({ coord }: Client, ...names: string[]) => coord.lockSet(names.map((name) => coord.lock(name)));

test("several locks are held together, in the order they were given", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const held = await world.until(of(a, "y", "x").acquire());
  expect(held.holds.map(({ fence }) => fence.path.split("/")[2])).toEqual(["y", "x"]);
  held.assert();
  expect(await world.until(b.coord.lock("y").tryAcquire())).toBeNull();
  expect(await world.until(of(b, "z", "x").tryAcquire())).toBeNull();
  await world.pass(500);
  expect(await remains(world, a, "/lock/z")).toEqual(nothing);
  await world.until(held.release());
  expect(held.signal.aborted).toBe(true);
  expect(held.expiresIn).toBeLessThanOrEqual(0);
  for (const path of ["/lock/x", "/lock/y"]) expect(await remains(world, a, path)).toEqual(nothing);
});

test("two who want the same locks in another order never wait for each other", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  let turns = 0;
  let running = 0;
  const work = clients.map(async (client, index) => {
    const names = ["x", "y", "z"];
    for (let round = 0; round < 10; round += 1)
      await of(client, ...names.slice(index), ...names.slice(0, index)).run(async () => {
        running += 1;
        expect(running).toBe(1);
        await client.session.sync();
        running -= 1;
        turns += 1;
      });
  });
  await world.until(Promise.all(work));
  expect(turns).toBe(30);
});

test("the loss of one lock is the loss of all", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const held = await world.until(of(a, "x", "y").acquire());
  await world.until(b.session.delete(held.holds[1]?.fence.path ?? "", { force: true }));
  await world.pass(100);
  expect(held.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(() => held.assert()).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_LOST" }));
  held.holds[0]?.assert();
  await world.until(held.release());
  expect(await remains(world, a, "/lock/x")).toEqual(nothing);
});

test("a lock that was lost while the next was waited for is not handed out: all are taken anew", async () => {
  const world = await World.start(3);
  const a = await world.client();
  const b = await world.client({ sessionTtlMs: 10_000 });
  const other = await world.until(a.coord.lock("y").acquire());
  let begun = 0;
  const working = of(b, "x", "y").run((held) => {
    begun += 1;
    held.assert();
    expect(held.signal.aborted).toBe(false);
    return held.holds.map(({ epoch }) => epoch);
  });
  working.catch(() => {});
  await world.pass(500);
  const [first] = (await world.until(a.coord.lock("x").inspect())).holders;
  await world.lapse(b);
  world.heal(b);
  await world.pass(2_000);
  expect(b.session.state).toBe("connected");
  await world.until(other.release());
  const epochs = await world.until(working);
  expect(begun).toBe(1);
  expect(epochs[0]).toBeGreaterThan(first?.epoch ?? 0);
  await world.pass(500);
  for (const path of ["/lock/x", "/lock/y"]) expect(await remains(world, a, path)).toEqual(nothing);
});

test("a wait for several that begins anew ends with its time", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const other = await world.until(a.coord.lock("y").acquire());
  const ended = rejection(of(b, "x", "y").acquire({ timeoutMs: 2_000 }));
  await world.pass(500);
  const [line] = (await remains(world, a, "/lock/x")).line;
  await world.until(a.session.delete(`/lock/x/line/${line ?? ""}`, { force: true }));
  await world.pass(500);
  const third = a.coord.lock("x").acquire();
  const held = await world.until(third);
  await world.until(other.release());
  await world.pass(200);
  expect((await world.until(a.coord.lock("x").inspect())).waiters).toHaveLength(1);
  expect(await world.until(ended)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(200);
  expect((await world.until(a.coord.lock("x").inspect())).waiters).toHaveLength(0);
  expect(await remains(world, a, "/lock/y")).toEqual(nothing);
  await world.until(held.release());
});

test("a wait for several that ends gives back what it had", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const other = await world.until(a.coord.lock("y").acquire());
  const waiting = of(b, "x", "y").acquire({ timeoutMs: 500 });
  const ended = rejection(waiting);
  await world.pass(200);
  expect(await isPending(waiting)).toBe(true);
  expect(await world.until(ended)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(200);
  expect(await remains(world, a, "/lock/x")).toEqual(nothing);
  await world.until(other.release());
});

test("no locks, and one lock twice, are refused", async () => {
  const world = await World.start();
  const client = await world.client();
  const bad = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect(() => of(client)).toThrow(bad);
  expect(() => of(client, "x", "x")).toThrow(bad);
});

test("the same name in two namespaces is two locks, taken in the same order by everybody", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const shop = await world.until(a.coord.namespace("/shop"));
  const bad = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  const held = await world.until(a.coord.lockSet([a.coord.lock("x"), shop.lock("x")]).acquire());
  expect(new Set(held.holds.map(({ epoch }) => epoch)).size).toBe(2);
  await world.until(held.release());
  const again = await world.until(b.coord.namespace("/shop"));
  const nested = await world.until((await world.until(b.coord.namespace("/"))).namespace("/shop"));
  expect(() => b.coord.lockSet([again.lock("x"), nested.lock("x", { reentrant: true })])).toThrow(bad);
  // Below "/" it is /lock/x, which comes before /shop/lock/a.
  let running = 0;
  const work = async (coord: typeof shop, whole: typeof shop): Promise<void> => {
    for (let round = 0; round < 10; round += 1)
      await whole.lockSet([coord.lock("a"), whole.lock("x")]).run(async () => {
        running += 1;
        expect(running).toBe(1);
        await whole.session.sync();
        running -= 1;
      });
  };
  await world.until(Promise.all([work(shop, a.coord), work(again, b.coord)]));
});

test.each(["x", "y"])("a lock of a set whose release hangs keeps no other: %s", async (hanging) => {
  const world = await World.start();
  const [a, b] = await world.three();
  const locks = ["x", "y"].map((name) => {
    const lock = a.coord.lock(name);
    if (name !== hanging) return lock;
    const acquire = async (): Promise<LockHold> =>
      overridden(await lock.acquire(), { release: () => new Promise(() => {}) });
    return overridden(lock, { acquire });
  });
  const held = await world.until(a.coord.lockSet(locks).acquire());
  const released = rejection(held.release({ timeoutMs: 1_000 }));
  await world.pass(200);
  const other = hanging === "x" ? "y" : "x";
  expect(await world.until(b.coord.lock(other).tryAcquire())).not.toBe(null);
  expect(await world.until(b.coord.lock(hanging).tryAcquire())).toBe(null);
  expect(await world.until(released)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
});
