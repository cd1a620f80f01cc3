import { expect, test } from "vitest";
import { connect, textCodec } from "../../src/client/index.ts";
import type { Queue, QueueOptions } from "../../src/recipes/queue/api.ts";
import { counting } from "../client/counting-clock.ts";
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

test("a put that would wait for room has the time of every call until it is refused", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 100_000, timeoutMs: 2_000 });
  const queue = queueOf(client);
  await world.until(queue.put("a"));
  world.isolate(client);
  const putting = rejection(queue.put("b", { whenFull: "wait" }));
  expect(await world.until(putting, 3_000)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT", ambiguous: true });
});

/** A consumer of two items at a time, and what it was done with. */
async function consumer(options: QueueOptions = {}) {
  const world = await World.start(3);
  const [taker, putter] = await world.three();
  const stop = new AbortController();
  const done: string[] = [];
  const work = ({ value }: { value: string }): void => void done.push(value);
  const consuming = queueOf(taker, options).consume(work, { signal: stop.signal, concurrency: 2 });
  await world.until(queueOf(putter).put("first"));
  await world.pass(500);
  expect(done).toEqual(["first"]);
  const end = async (): Promise<void> => {
    stop.abort();
    await world.until(consuming);
  };
  return { world, taker, session: putter.session, queue: queueOf(putter), done, end };
}

test("a quota that passes makes whoever hands out forget no item", async () => {
  const { world, session, queue, done, end } = await consumer();
  for (const value of ["a", "b", "c"]) await world.until(queue.put(value, { delayMs: 1_000 }));
  await world.until(session.setBudget("/queue/x", { nodes: { hard: 1 } }));
  await world.pass(3_000);
  expect(done).toEqual(["first"]);
  await world.until(session.setBudget("/queue/x", null));
  await world.pass(1_000);
  expect(done).toEqual(["first", "a", "b", "c"]);
  await end();
});

test("where there is room for one claim only, items are handed out one at a time", async () => {
  const { world, session, queue, done, end } = await consumer();
  await world.until(session.setBudget("/queue/x", { nodes: { soft: 1 } }));
  const used = (await world.until(session.getBudget("/queue/x")))?.used.nodes ?? 0;
  const puts = ["a", "b", "c"].map((value) => queue.put(value, { delayMs: 1_000 }));
  await world.until(Promise.all(puts));
  // Of each item its node, and the place where the time is asked for.
  await world.until(session.setBudget("/queue/x", { nodes: { hard: used + 5 } }));
  await world.pass(3_000);
  expect(done.toSorted()).toEqual(["a", "b", "c", "first"]);
  await end();
});

test("where there is little room, the next items are handed out as soon as others leave", async () => {
  const { world, session, queue, done, end } = await consumer();
  await world.until(session.setBudget("/queue/x", { nodes: { soft: 1 } }));
  const used = (await world.until(session.getBudget("/queue/x")))?.used.nodes ?? 0;
  const values = Array.from({ length: 10 }, (_, k) => String(k));
  await world.until(Promise.all(values.map((value) => queue.put(value, { delayMs: 1_000 }))));
  await world.until(session.setBudget("/queue/x", { nodes: { hard: used + values.length + 2 } }));
  await world.pass(800);
  expect(done).toEqual(["first"]);
  await world.pass(500);
  expect(done.toSorted()).toEqual([...values, "first"]);
  await end();
});

test("the time is not asked for without a pause where there is no room to ask", async () => {
  const { world, session, queue, done, end } = await consumer();
  await world.until(queue.put("late", { delayMs: 1_000 }));
  await world.until(session.setBudget("/queue/x", { nodes: { hard: 1 } }));
  await world.pass(1_000);
  const before = await world.until(session.status());
  await world.pass(2_000);
  const { applied } = await world.until(session.status());
  expect(applied - before.applied).toBeLessThan(20);
  await world.until(session.setBudget("/queue/x", null));
  await world.pass(1_000);
  expect(done).toEqual(["first", "late"]);
  await end();
});

test("what there is no room for among the dead letters is given back, not kept from everybody", async () => {
  const world = await World.start(3);
  const [one, two, three] = await world.three();
  const [first, second] = [one, two].map((client) => queueOf(client, { maxDeliveries: 1 }));
  if (first === undefined || second === undefined) throw new Error("there are two");
  await world.until(first.put("a"));
  const item = await world.until(first.take());
  await world.until(three.session.setBudget("/queue/x/dead", { nodes: { hard: 1 } }));
  expect(await rejection(world.until(item.release()))).toMatchObject({ code: "ERR_FLOTILLA_QUOTA" });
  expect(item.signal.aborted).toBe(true);
  const again = await world.until(second.take({ timeoutMs: 1_000 }));
  expect(await rejection(world.until(again.bury()))).toMatchObject({ code: "ERR_FLOTILLA_QUOTA" });
  const last = await world.until(second.take({ timeoutMs: 1_000 }));
  await world.until(three.session.setBudget("/queue/x/dead", null));
  await world.until(last.release());
  expect(await world.until(first.inspect())).toMatchObject({ size: 0, dead: 1 });
});

test("the item of a taker that died is buried once there is room, and holds up no other", async () => {
  const world = await World.start(3);
  const [dying, taker, putter] = await world.three();
  const [queue, other] = [putter, taker].map((client) => queueOf(client, { maxDeliveries: 1 }));
  if (queue === undefined || other === undefined) throw new Error("there are two");
  await world.until(queue.put("bad"));
  await world.until(queueOf(dying, { maxDeliveries: 1 }).take());
  await world.until(putter.session.setBudget("/queue/x/dead", { nodes: { hard: 1 } }));
  world.kernel.node(dying.machine).crash();
  for (const value of ["a", "b", "c"]) {
    await world.until(queue.put(value));
    const item = await world.until(other.take());
    expect(item.value).toBe(value);
    await world.until(item.ack());
  }
  expect(await world.until(queue.inspect())).toMatchObject({ size: 1, dead: 0 });
  await world.until(putter.session.setBudget("/queue/x/dead", null));
  await world.pass(1_000);
  expect(await world.until(queue.inspect())).toMatchObject({ size: 0, dead: 1 });
});

test("what nobody can read leaves its taker free again once there is room for it", async () => {
  const world = await World.start(3);
  const [taker, putter] = await world.three();
  const { session } = putter;
  const taking = taker.coord.queue("x").take();
  await world.pass(500);
  await world.until(session.setBudget("/queue/x/dead", { nodes: { hard: 1 } }));
  await world.until(session.create("/queue/x/items/99-0000000000-", "{", { sequential: true }));
  await world.until(putter.coord.queue("x").put({ n: 2 }));
  await world.pass(2_000);
  await world.until(session.setBudget("/queue/x/dead", null));
  expect((await world.until(taking, 2_000)).value).toEqual({ n: 2 });
});

test("an acknowledgement needs no room to say what is wanted next", async () => {
  const world = await World.start(3);
  const [taker, putter] = await world.three();
  const queue = queueOf(taker);
  await world.until(queue.put("a"));
  const item = await world.until(queue.take());
  await world.until(putter.session.setBudget("/queue/x", { rate: { hard: 1 } }));
  await world.until(putter.session.put("/queue/x/noise", ""));
  await world.until(item.ack());
  expect(await world.until(queue.size())).toBe(0);
  await world.pass(3_000);
  expect((await world.until(queue.inspect())).takers).toMatchObject([{ wants: 0 }]);
});

test("who there is no room for keeps no watch of its tries, and takes once there is some", async () => {
  const world = await World.start();
  const [taker, putter] = await world.three({ sessionTtlMs: 60_000 });
  const { session } = putter;
  await world.until(queueOf(putter).put("a"));
  const { nodes = 0 } = (await world.until(session.usage("/queue"))) ?? {};
  await world.until(session.setBudget("/queue", { nodes: { hard: nodes }, watches: { soft: 1 } }));
  const watches = async (): Promise<number | undefined> =>
    (await world.until(session.getBudget("/queue")))?.used.watches;
  for (let tries = 0; tries < 3; tries += 1)
    expect(await rejection(world.until(queueOf(taker).take()))).toMatchObject({
      code: "ERR_FLOTILLA_QUOTA",
    });
  await world.pass(100);
  expect(await watches()).toBe(0);
  const done: string[] = [];
  const stop = new AbortController();
  const consuming = queueOf(taker).consume(({ value }) => void done.push(value), { signal: stop.signal });
  await world.pass(5_300);
  expect([await watches(), done]).toEqual([0, []]);
  await world.until(session.setBudget("/queue", null));
  await world.pass(3_000);
  expect(done).toEqual(["a"]);
  stop.abort();
  await world.until(consuming);
});

test("a taker that may not tell how many it wants rests between tries, and tells the last of it", async () => {
  const world = await World.start();
  const [taker, operator] = await world.three({ sessionTtlMs: 60_000 });
  const { session } = operator;
  const queue = queueOf(taker);
  const stop = new AbortController();
  const consuming = queue.consume(() => {}, { signal: stop.signal });
  await world.pass(1_000);
  await world.until(session.setBudget("/queue", { rate: { hard: 0 } }));
  for (let change = 0; change < 20; change += 1) {
    await world.until(rejection(queue.take({ timeoutMs: 37 })));
    await world.pass(13);
  }
  const taking = rejection(queue.take({ signal: stop.signal }));
  await world.pass(1_000);
  const before = await world.until(session.status());
  await world.pass(2_000);
  const { applied } = await world.until(session.status());
  expect(applied - before.applied).toBeLessThan(10);
  const wants = async (): Promise<unknown> => (await world.until(queueOf(operator).inspect())).takers;
  expect(await wants()).toMatchObject([{ wants: 1 }]);
  await world.until(session.setBudget("/queue", null));
  await world.pass(1_000);
  expect(await wants()).toMatchObject([{ wants: 2 }]);
  stop.abort();
  await world.until(Promise.all([consuming, taking]));
});

test("what a full queue makes of a put is one of two", async () => {
  const queue = queueOf(await (await World.start()).client());
  const whenFull = "drop" as "wait";
  expect(await rejection(queue.put("a", { whenFull }))).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

/** A full queue, and a put that waits for room. */
async function waitingPut(watches = 0) {
  const world = await World.start();
  const [putter, other] = await world.three({ sessionTtlMs: 60_000 });
  const queue = queueOf(putter, { maxItems: 1 });
  await world.until(queue.put("a"));
  for (let armed = 0; armed < watches; armed += 100) {
    const some = Array.from({ length: 100 }, () => putter.session.watch("/nothing"));
    await world.until(Promise.all(some));
  }
  const put = queue.put("b", { whenFull: "wait", timeoutMs: 600_000 });
  await world.pass(2_000);
  expect(await isPending(put)).toBe(true);
  return { world, session: other.session, other: queueOf(other), put };
}

test("a put that waits goes on once the bound is raised", async () => {
  const { world, session, put } = await waitingPut();
  await world.until(session.setBudget("/queue/x/items", { children: { hard: 2 } }));
  await world.until(put, 2_000);
});

test("a put that waits for long fills no log with its tries", async () => {
  const { world, session, other, put } = await waitingPut();
  const before = await world.until(session.status());
  await world.pass(100_000);
  const { applied } = await world.until(session.status());
  expect(applied - before.applied).toBeLessThan(20);
  await world.until((await world.until(other.take())).ack());
  await world.until(put, 100);
});

test("a put that waits needs no room for a watch to hear of room", async () => {
  const { world, other, put } = await waitingPut(1_000);
  const item = await world.until(other.take());
  await world.until(item.ack());
  await world.until(put, 2_000);
});

test("a put that waits for a rate goes on when that is slept off", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const queue = coord.queue("x");
  await world.until(queue.put(1));
  await world.until(session.setBudget("/queue/x", { rate: { hard: 1 } }));
  const put = (value: number): Promise<string> => queue.put(value, { whenFull: "wait", timeoutMs: 600_000 });
  await world.until(Promise.all([put(2), put(3), put(4)]), 10_000);
});

test("the time of a put that waits is that of all that it does", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 60_000 });
  const queue = queueOf(client, { maxItems: 1 });
  await world.until(queue.put("a"));
  world.isolate(client);
  const beganMs = world.kernel.nowMs;
  const put = rejection(queue.put("b", { whenFull: "wait", timeoutMs: 3_000 }));
  await world.pass(2_000);
  world.heal(client);
  expect(await world.until(put)).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
    // What is left of it is no whole number.
    message: expect.stringMatching(/not done in \d+ ms$/),
  });
  expect(world.kernel.nowMs - beganMs).toBeLessThan(3_100);
});

test("what a queue would try again leaves no timer behind once its session is closed", async () => {
  const world = await World.start();
  const { session } = await world.client();
  const host = world.kernel.node("counted").start();
  const timers = counting(host.clock);
  const endpoints = world.cluster.ids.map((id) => world.cluster.address(id));
  const connecting = connect({ endpoints, sessionTtlMs: 60_000, host: { ...host, clock: timers.clock } });
  const coord = await world.until(connecting);
  const queue = coord.queue("x", { maxDeliveries: 1 });
  await world.until(queue.put("a"));
  const item = await world.until(queue.take());
  await world.until(session.setBudget("/queue/x/dead", { nodes: { hard: 1 } }));
  const releasing = rejection(item.release());
  await world.until(session.setBudget("/queue/y", { nodes: { hard: 0 } }));
  await world.until(rejection(coord.queue("y").take()));
  await world.pass(100);
  await world.until(coord.close());
  expect(timers.pending()).toBe(0);
  await world.until(releasing);
});
