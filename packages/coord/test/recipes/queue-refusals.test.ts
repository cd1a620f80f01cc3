import { expect, test } from "vitest";
import { textCodec } from "../../src/client/index.ts";
import type { Queue, QueueOptions } from "../../src/recipes/queue/api.ts";
import { type Client, isPending, rejection, World } from "./world.ts";

function queueOf({ coord }: Client, options: QueueOptions = {}): Queue<string> {
  return coord.queue("x", { codec: textCodec(), ...options });
}

const thrown = new Error("from onError");

function fail(): never {
  throw new Error("work");
}

function onError(): never {
  throw thrown;
}

test("an item is given back although whoever hears of errors throws, which ends the consuming", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  await world.until(queueOf(one).put("a"));
  expect(await world.until(rejection(queueOf(one).consume(fail, { onError })))).toBe(thrown);
  expect((await world.until(queueOf(two).take({ timeoutMs: 1_000 }))).value).toBe("a");
});

test("no abort of one put takes the bound of the queue away from the others", async () => {
  const world = await World.start(3);
  const queue = queueOf(await world.client(), { maxItems: 2 });
  const leaving = new AbortController();
  const first = rejection(queue.put("a", { signal: leaving.signal }));
  const second = queue.put("b");
  await world.events(1);
  leaving.abort();
  expect(await first).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  await world.until(second);
  await world.until(queue.put("c"));
  expect(await rejection(world.until(queue.put("d")))).toMatchObject({ code: "ERR_FLOTILLA_QUOTA" });
});

test("each put has a time of its own while the queue is given its bound", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 100_000 });
  const queue = queueOf(client, { maxItems: 2 });
  world.isolate(client);
  const patient = queue.put("a", { timeoutMs: 600_000 });
  const hasty = rejection(queue.put("b", { timeoutMs: 500 }));
  expect(await world.until(hasty, 1_000)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(30_000);
  expect(await isPending(patient)).toBe(true);
  world.heal(client);
  await world.until(patient);
});
