import { expect, test } from "vitest";
import { flagsOf, flagsSchema } from "./flags.ts";
import { isPending, World } from "./world.ts";

test("groups, barriers, latches and configs of a namespace are its own", async () => {
  const world = await World.start();
  const client = await world.client();
  const { coord } = client;
  const shop = await world.until(coord.namespace("/shop"));
  const inShop = { ...client, coord: shop };
  const { member } = await world.until(shop.group("x").join({ from: "shop" }));
  expect(await world.until(coord.group("x").members())).toEqual([]);
  expect(await world.until(shop.group("x").members())).toEqual([member]);

  await world.until(shop.barrier("x").set());
  await world.until(coord.barrier("x").wait());
  const waiting = shop.barrier("x").wait();
  const outside = coord.doubleBarrier("x", { parties: 2 }).enter();
  const rounds = await world.until(
    Promise.all([1, 2].map(() => shop.doubleBarrier("x", { parties: 2 }).enter())),
  );
  await world.until(Promise.all(rounds.map((round) => round.leave())));
  await world.until(shop.latch("x", { count: 1 }).countDown());
  expect(await world.until(coord.latch("x", { count: 1 }).remaining())).toBe(1);
  for (const each of [waiting, outside]) expect(await isPending(each)).toBe(true);
  await world.until(shop.barrier("x").lift());
  await world.until(waiting);

  const flags = { checkout: "shop", rate: 1 };
  await world.until(flagsOf(inShop).set(flags));
  const items = await world.until(shop.config("other", { schema: flagsSchema }).draft(flags));
  await world.until(shop.session.multi(items));
  expect(await world.until(flagsOf(client).get())).toBeNull();
  expect(await world.until(shop.config("other", { schema: flagsSchema }).get())).toMatchObject({
    value: flags,
  });
  expect(await world.until(coord.session.children("/shop/config"))).toMatchObject({
    names: ["flags", "other"],
  });
  outside.catch(() => {});
});
