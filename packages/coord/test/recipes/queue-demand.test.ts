import { expect, test } from "vitest";
import { textCodec } from "../../src/client/index.ts";
import type { Queue, Taken } from "../../src/recipes/queue/api.ts";
import { type Client, World } from "./world.ts";

/** An item that everybody may have is given to nobody who has no time for it: each claim counts as a delivery. */
function queueOf({ coord }: Client): Queue<string> {
  return coord.queue("x", { codec: textCodec() });
}

/** A consumer that is stuck in its work on the first item until it is let go. */
async function stuck(
  concurrency: number,
  work: (item: Taken<string>) => Promise<void>,
): Promise<{ world: World; worker: Client; putter: Client; letGo: () => void; seen: string[] }> {
  const world = await World.start(3);
  const [worker, putter] = await world.three();
  const seen: string[] = [];
  const leaving = new AbortController();
  const going = new Promise<void>((resolve) => leaving.signal.addEventListener("abort", () => resolve()));
  const fn = async (item: Taken<string>): Promise<void> => {
    seen.push(`${item.value} ${item.deliveries}`);
    if (item.value !== "first" || item.deliveries > 1) return;
    await work(item);
    await going;
  };
  queueOf(worker)
    .consume(fn, { concurrency, onError: () => {} })
    .catch(() => {});
  await world.pass(500);
  await world.until(queueOf(putter).put("first"));
  await world.pass(500);
  expect(seen).toEqual(["first 1"]);
  return { world, worker, putter, letGo: () => leaving.abort(), seen };
}

async function wants(world: World, client: Client): Promise<number[]> {
  const { takers } = await world.until(queueOf(client).inspect());
  return takers.map((taker) => taker.wants);
}

test("who has acknowledged an item and works on is given no other before it is through", async () => {
  const { world, putter, letGo, seen } = await stuck(1, (item) => item.ack());
  expect(await wants(world, putter)).toEqual([0]);
  await world.until(queueOf(putter).put("second"));
  await world.pass(2_000);
  letGo();
  await world.pass(500);
  expect(seen).toEqual(["first 1", "second 1"]);
  expect(await wants(world, putter)).toEqual([1]);
});

test("who works on an item that it lost is given no other meanwhile", async () => {
  const { world, worker, putter, letGo, seen } = await stuck(2, async () => {});
  expect(await wants(world, putter)).toEqual([2]);
  await world.lapse(worker);
  world.heal(worker);
  await world.pass(3_000);
  expect(await wants(world, putter)).toEqual([1]);
  await world.until(queueOf(putter).put("second"));
  await world.pass(1_000);
  expect(seen).toEqual(["first 1", "first 2", "second 1"]);
  letGo();
  await world.pass(500);
  expect(await wants(world, putter)).toEqual([2]);
});

test("an item that is taken away from somebody who took it singly leaves nothing wanted", async () => {
  const world = await World.start(3);
  const [worker, putter] = await world.three();
  await world.until(queueOf(putter).put("first"));
  const item = await world.until(queueOf(worker).take());
  await world.until(putter.session.delete(item.fence.path, { force: true }));
  await world.pass(500);
  expect(item.signal.aborted).toBe(true);
  expect(await wants(world, putter)).toEqual([0]);
  const claims = async (): Promise<number | undefined> =>
    (await world.until(putter.session.exists(`/queue/x/items/${item.id}`)))?.cversion;
  const before = await claims();
  await world.pass(2_000);
  expect(await claims()).toBe(before);
});
