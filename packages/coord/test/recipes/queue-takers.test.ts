import { expect, test } from "vitest";
import { type Codec, textCodec } from "../../src/client/index.ts";
import type { Queue } from "../../src/recipes/queue/api.ts";
import { type Client, World } from "./world.ts";

function queueOf({ coord }: Client): Queue<string> {
  return coord.queue("x", { codec: textCodec() });
}

test("an item that is given back and given again while its taker hears nothing is worked on again", async () => {
  const world = await World.start(1, "1", { historyEvents: 5 });
  const [dispatcher, putter] = await world.three();
  const taker = await world.client({ sessionTtlMs: 100_000 });
  // Whoever takes first hands out.
  await world.until(queueOf(putter).put("held"));
  await world.until(queueOf(dispatcher).take());
  const [member = ""] = world.cluster.ids;
  const seen: string[] = [];
  const work = ({ value, deliveries }: { value: string; deliveries: number }): void => {
    seen.push(`${value} ${deliveries}`);
    if (seen.length > 1) return;
    // What it says arrives; what it is told does not.
    world.kernel.network.cut(member, taker.machine);
    throw new Error("not now");
  };
  const stop = new AbortController();
  const consuming = queueOf(taker).consume(work, { signal: stop.signal });
  await world.pass(500);
  await world.until(queueOf(putter).put("first"));
  await world.pass(1_000);
  for (let i = 0; i < 30; i += 1) await world.until(putter.session.put("/noise", String(i)));
  await world.until(queueOf(putter).put("second"));
  world.reset(taker);
  world.heal(taker);
  await world.pass(5_000);
  expect(seen).toEqual(["first 1", "first 2", "second 1"]);
  stop.abort();
  await world.until(consuming);
});

test("who takes goes on when its node is deleted, be it told of that or not", async () => {
  const world = await World.start(1, "1", { historyEvents: 5 });
  const [other, putter] = await world.three();
  const taker = await world.client({ sessionTtlMs: 100_000 });
  const seen: string[] = [];
  const stop = new AbortController();
  const consuming = queueOf(taker).consume(({ value }) => void seen.push(value), { signal: stop.signal });
  const removeTaker = async (): Promise<void> => {
    const takers = await world.until(putter.session.children("/queue/x/takers"));
    for (const name of takers?.names ?? [])
      await world.until(putter.session.delete(`/queue/x/takers/${name}`, { force: true }));
  };
  await world.pass(500);
  await removeTaker();
  await world.until(queueOf(putter).put("told"));
  await world.pass(5_000);
  expect(seen).toEqual(["told"]);
  world.isolate(taker);
  await removeTaker();
  for (let i = 0; i < 30; i += 1) await world.until(other.session.put("/noise", String(i)));
  await world.until(queueOf(putter).put("untold"));
  world.heal(taker);
  world.reset(taker);
  await world.pass(10_000);
  expect(seen).toEqual(["told", "untold"]);
  await world.until(putter.session.delete("/queue/x", { recursive: true, force: true }));
  await world.pass(500);
  await world.until(queueOf(putter).put("anew"));
  await world.pass(10_000);
  expect(seen).toEqual(["told", "untold", "anew"]);
  stop.abort();
  await world.until(consuming);
});

test("an item whose claim goes while it is read is not worked on until it is given again", async () => {
  const world = await World.start(1, "1");
  const [, putter] = await world.three();
  const taker = await world.client({ sessionTtlMs: 100_000 });
  const read: (() => void)[] = [];
  const codec: Codec<string> = {
    encode: (value) => textCodec().encode(value),
    decode: async (bytes) => {
      await new Promise<void>((resolve) => read.push(resolve));
      return textCodec().decode(bytes);
    },
  };
  const taken = taker.coord.queue("x", { codec }).take();
  const item = await world.until(queueOf(putter).put("a"));
  while (read.length < 1) await world.pass(10);
  const claims = await world.until(putter.session.children(`/queue/x/items/${item}`));
  const claim = `/queue/x/items/${item}/${claims?.names[0] ?? ""}`;
  await world.until(putter.session.delete(claim, { force: true }));
  while (read.length < 2) await world.pass(10);
  read[0]?.();
  await world.pass(1_000);
  read[1]?.();
  const given = await world.until(taken);
  expect(given.value).toBe("a");
  await world.until(given.ack());
  expect((await world.until(putter.session.children("/queue/x/items")))?.names).toEqual([]);
});

test("a taker whose node says nothing is told of as one that wants none", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const queue = coord.queue("x");
  await world.until(queue.put("a"));
  for (const value of ["junk", "", "-1", "1.5"])
    await world.until(session.create("/queue/x/takers/t-", value, { sequential: true }));
  const { takers } = await world.until(queue.inspect());
  expect(takers.map(({ wants }) => wants)).toEqual([0, 0, 0, 0]);
});
