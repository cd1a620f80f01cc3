import { expect, test } from "vitest";
import type { FlotillaError } from "@flotilla/runtime";
import { textCodec } from "../../src/client/index.ts";
import type { Queue, QueueOptions, Taken } from "../../src/recipes/queue/api.ts";
import { type Client, isPending, rejection, World } from "./world.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return ((await rejection(promise)) as FlotillaError).code;
}

function queueOf({ coord }: Client, options: QueueOptions = {}): Queue<string> {
  return coord.queue("x", { codec: textCodec(), ...options });
}

/** Takes and acknowledges so many, one after the other. */
async function drain(world: World, queue: Queue<string>, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const item = await world.until(queue.take());
    found.push(item.value);
    await world.until(item.ack());
  }
  return found;
}

test("items are taken in the order of their puts, those of higher priority first", async () => {
  const world = await World.start(3);
  const [putter, taker] = await world.three();
  const queue = queueOf(putter);
  for (const value of ["a", "b", "c"]) await world.until(queue.put(value));
  await world.until(queue.put("urgent", { priority: 5 }));
  await world.until(queue.put("d"));
  await world.until(queue.put("most urgent", { priority: 99 }));
  expect(await world.until(queue.size())).toBe(6);
  expect(await drain(world, queueOf(taker), 6)).toEqual(["most urgent", "urgent", "a", "b", "c", "d"]);
  expect(await world.until(queue.size())).toBe(0);
});

test("a taker waits for the next item, and an item that is taken is nobody else's", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  const first = queueOf(one).take();
  await world.pass(500);
  expect(await isPending(first)).toBe(true);
  await world.until(queueOf(two).put("a"));
  const item = await world.until(first);
  expect(item).toMatchObject({ value: "a", deliveries: 1 });
  expect(item.expiresIn).toBeGreaterThan(0);
  const second = queueOf(two).take();
  await world.pass(3_000);
  expect(await isPending(second)).toBe(true);
  item.assert();
  await world.until(item.ack());
  expect(item.signal.aborted).toBe(true);
  expect(() => item.assert()).toThrow("acknowledged");
  await world.until(queueOf(one).put("b"));
  expect((await world.until(second)).value).toBe("b");
});

test("what is given back is taken before what was put later, with one more delivery", async () => {
  const world = await World.start();
  const client = await world.client();
  const queue = queueOf(client);
  for (const value of ["a", "b"]) await world.until(queue.put(value));
  const item = await world.until(queue.take());
  await world.until(item.release());
  expect(item.signal.aborted).toBe(true);
  await world.until(item.release());
  expect(await codeOf(item.ack())).toBe("ERR_FLOTILLA_LOST");
  const again = await world.until(queue.take());
  expect(again).toMatchObject({ value: "a", deliveries: 2 });
  expect(again.epoch).toBeGreaterThan(item.epoch);
});

/** The taker of an item is cut off while somebody else waits for one. */
async function cutOffTaker() {
  const world = await World.start(3);
  const [taker, other] = await world.three();
  await world.until(queueOf(other).put("a"));
  const item = await world.until(queueOf(taker).take());
  const fired = world.firing(item.signal);
  const next = queueOf(other).take();
  await world.pass(100);
  world.isolate(taker);
  return { world, taker, item, fired, next };
}

test("an item whose taker is gone is handed out again, after its signal fired", async () => {
  const { world, taker, item, fired, next } = await cutOffTaker();
  const again = await world.until(next);
  expect(again).toMatchObject({ value: "a", deliveries: 2 });
  expect(fired.atMs).toBeLessThan(world.kernel.nowMs);
  expect(() => item.assert()).toThrow("lease");
  world.heal(taker);
  expect(await codeOf(world.until(item.ack()))).toBe("ERR_FLOTILLA_LOST");
  await world.until(again.ack());
});

test("an item whose acknowledgement is under way is lost with the lease all the same", async () => {
  const { world, item, fired, next } = await cutOffTaker();
  item.ack({ timeoutMs: Infinity }).catch(() => {});
  expect((await world.until(next)).deliveries).toBe(2);
  expect(fired.atMs).toBeLessThan(world.kernel.nowMs);
});

test("a session that lapsed and lives on takes again, under another name", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const queue = queueOf(client);
  await world.until(queue.put("a"));
  const item = await world.until(queue.take());
  await world.lapse(client);
  expect(item.signal.aborted).toBe(true);
  world.heal(client);
  expect(await world.until(queue.take())).toMatchObject({ value: "a", deliveries: 2 });
});

test("a taker that closes leaves its items to the others at once", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  await world.until(queueOf(one).put("a"));
  await world.until(queueOf(one).take());
  const next = queueOf(two).take();
  await world.pass(100);
  await world.until(one.coord.close());
  const from = world.kernel.nowMs;
  expect((await world.until(next)).deliveries).toBe(2);
  expect(world.kernel.nowMs - from).toBeLessThan(500);
});

test("an item that is delayed is not taken before its time, by the clock of the log", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  const queue = queueOf(one);
  const fromMs = world.kernel.nowMs;
  await world.until(queue.put("later", { delayMs: 5_000 }));
  await world.until(queue.put("latest", { delayMs: 9_000, priority: 9 }));
  await world.until(queue.put("now"));
  expect(await drain(world, queueOf(two), 2)).toEqual(["now", "later"]);
  expect(world.kernel.nowMs - fromMs).toBeGreaterThanOrEqual(5_000);
  expect(world.kernel.nowMs - fromMs).toBeLessThan(5_500);
  expect(await drain(world, queueOf(two), 1)).toEqual(["latest"]);
  expect(world.kernel.nowMs - fromMs).toBeGreaterThanOrEqual(9_000);
});

test("a full queue refuses, or has the put wait for room", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const queue = queueOf(client, { maxItems: 2 });
  for (const value of ["a", "b"]) await world.until(queue.put(value));
  expect(await codeOf(world.until(queue.put("c")))).toBe("ERR_FLOTILLA_QUOTA");
  expect(await codeOf(world.until(queue.put("c", { whenFull: "wait", timeoutMs: 300 })))).toBe(
    "ERR_FLOTILLA_TIMEOUT",
  );
  const waiting = queue.put("c", { whenFull: "wait" });
  await world.pass(500);
  expect(await isPending(waiting)).toBe(true);
  expect(await drain(world, queue, 1)).toEqual(["a"]);
  await world.until(waiting);
  expect(await drain(world, queue, 2)).toEqual(["b", "c"]);
});

test("what was delivered too often becomes a dead letter, which can be put back or discarded", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  const queue = queueOf(one, { maxDeliveries: 2 });
  await world.until(queue.put("bad", { priority: 3 }));
  await world.until((await world.until(queue.take())).release());
  await world.until((await world.until(queue.take())).release());
  expect(await world.until(queue.size())).toBe(0);
  const letters = await world.until(queue.deadLetters.list());
  expect(letters).toMatchObject([{ value: "bad" }]);
  const [{ id } = { id: "" }] = letters;
  expect(await world.until(queue.deadLetters.requeue(id))).toBe(true);
  expect(await world.until(queue.deadLetters.requeue(id))).toBe(false);
  // A taker that dies with it counts, too.
  const other = queueOf(two, { maxDeliveries: 2 });
  await world.until((await world.until(other.take())).release());
  expect(await world.until(other.take())).toMatchObject({ value: "bad", deliveries: 2 });
  world.kernel.node(two.machine).crash();
  await world.pass(6_000);
  const [letter] = await world.until(queue.deadLetters.list());
  expect(letter?.value).toBe("bad");
  expect(await world.until(queue.inspect())).toMatchObject({ size: 0, dead: 1 });
  expect(await world.until(queue.deadLetters.discard(letter?.id ?? ""))).toBe(true);
  expect(await world.until(queue.deadLetters.list())).toEqual([]);
});

test("an item can be buried at once, and what nobody can read is", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const queue = coord.queue("x");
  await world.until(queue.put({ n: 1 }));
  await world.until((await world.until(queue.take())).bury());
  await world.until(session.create("/queue/x/items/99-0000000000-", "{", { sequential: true }));
  await world.until(queue.put({ n: 2 }));
  expect((await world.until(queue.take())).value).toEqual({ n: 2 });
  expect((await world.until(session.children("/queue/x/dead")))?.names.length).toBe(2);
});

test("consuming works on so many at a time, acknowledges, gives back what threw, and ends with its signal", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const queue = queueOf(client);
  const stop = new AbortController();
  const done: string[] = [];
  const errors: unknown[] = [];
  let atOnce = 0;
  let most = 0;
  const fn = async (item: Taken<string>): Promise<void> => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise<void>((resolve) => void client.session.clock.setTimer(50, resolve));
    atOnce -= 1;
    if (item.value === "b" && item.deliveries === 1) throw new Error("not now");
    done.push(item.value);
  };
  const consuming = queue.consume(fn, {
    signal: stop.signal,
    concurrency: 3,
    onError: (error) => errors.push(error),
  });
  const values = ["a", "b", "c", "d", "e", "f", "g"];
  for (const value of values) await world.until(queue.put(value));
  await world.pass(1_000);
  expect(done.toSorted()).toEqual(values);
  expect(errors).toEqual([new Error("not now")]);
  expect(most).toBe(3);
  expect(await world.until(queue.inspect())).toMatchObject({ size: 0, dead: 0, takers: [{ wants: 3 }] });
  stop.abort();
  await world.until(consuming);
  await world.pass(100);
  expect(await world.until(queue.inspect())).toMatchObject({ takers: [{ wants: 0 }] });
});

test("whoever consumes is told when the session ends, also while it works on an item", async () => {
  const world = await World.start(1);
  const [putter, taker] = await world.three();
  await world.until(queueOf(putter).put("a"));
  const finish = new AbortController();
  let isAtWork = false;
  const consuming = queueOf(taker).consume(() => {
    isAtWork = true;
    return new Promise((resolve) => finish.signal.addEventListener("abort", () => resolve()));
  });
  const code = codeOf(consuming);
  await world.pass(500);
  expect(isAtWork).toBe(true);
  await world.until(taker.coord.close());
  finish.abort();
  expect(await world.until(code)).toBe("ERR_FLOTILLA_CLOSED");
  expect(await codeOf(world.until(queueOf(taker).consume(() => {})))).toBe("ERR_FLOTILLA_CLOSED");
});

test("a put whose answer is lost with its connection puts one item", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const queue = queueOf(client);
  for (let events = 0; events < 40; events += 2) {
    const putting = queue.put(`${events}`);
    await world.events(events);
    world.reset(client);
    await world.until(putting);
    expect(await world.until(queue.size())).toBe(events / 2 + 1);
  }
});

test("a wait that ends leaves the item to others, unread", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  expect(await codeOf(world.until(queueOf(one).take({ timeoutMs: 300 })))).toBe("ERR_FLOTILLA_TIMEOUT");
  await world.until(queueOf(two).put("a"));
  expect((await world.until(queueOf(two).take())).value).toBe("a");
});

test("whoever hands out may die: the next one does", async () => {
  const world = await World.start(3);
  const [one, two, three] = await world.three();
  await world.until(queueOf(three).put("a"));
  await world.until((await world.until(queueOf(one).take())).ack());
  const waiting = queueOf(two).take();
  await world.pass(100);
  world.kernel.node(one.machine).crash();
  await world.until(queueOf(three).put("b"));
  expect((await world.until(waiting)).value).toBe("b");
});

test("what makes no sense is refused before anything is sent", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  expect(() => coord.queue("a/b")).toThrow("one path segment");
  expect(() => coord.queue("x", { maxItems: 0 })).toThrow("maxItems");
  expect(() => coord.queue("x", { maxDeliveries: 1.5 })).toThrow("maxDeliveries");
  expect(await codeOf(coord.queue("x").put(1, { priority: 100 }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect(await codeOf(coord.queue("x").put(1, { delayMs: -1 }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect(await codeOf(coord.queue("x").consume(() => {}, { concurrency: 0 }))).toBe(
    "ERR_FLOTILLA_BAD_ARGUMENT",
  );
  expect(await world.until(coord.queue("x").deadLetters.requeue("nothing"))).toBe(false);
});

test("an acknowledgement that is not waited for any longer may have happened: the error says so", async () => {
  const world = await World.start(3);
  const [putter, taker] = await world.three();
  await world.until(queueOf(putter).put("a"));
  const item = await world.until(queueOf(taker).take());
  world.isolate(taker);
  const error = await rejection(world.until(item.ack({ timeoutMs: 100 })));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT", ambiguous: true });
  world.heal(taker);
  await world.until(item.ack());
  expect(await world.until(queueOf(putter).size())).toBe(0);
});
