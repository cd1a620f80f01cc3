import { expect, test } from "vitest";
import type { FlotillaError } from "@flotilla/runtime";
import { isPending, rejection, World } from "./world.ts";

const most = Number.MAX_SAFE_INTEGER;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return ((await rejection(promise)) as FlotillaError).code;
}

test("a counter begins with 0, and every addition tells the number that it made", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const counter = coord.counter("hits");
  expect(await world.until(counter.get())).toBe(0);
  expect(await world.until(counter.add())).toBe(1);
  expect(await world.until(counter.add(-5))).toBe(-4);
  // A 0 that was negated is one, too.
  expect(await world.until(counter.add(-0))).toBe(-4);
  expect(await world.until(coord.session.multi([{ type: "add", path: counter.path, by: -0 }]))).toMatchObject(
    {
      results: [{ sum: -4 }],
    },
  );
  expect(await world.until(counter.get())).toBe(-4);
});

test("the additions of several at once all count, each with a number of its own", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const adding = clients.flatMap(({ coord }) => Array.from({ length: 20 }, () => coord.counter("x").add()));
  const numbers = await world.until(Promise.all(adding));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, k) => k + 1));
});

test("an addition whose answer is lost with its connection counts once", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const counter = client.coord.counter("x");
  for (let events = 0; events < 40; events += 2) {
    const adding = counter.add();
    await world.events(events);
    world.reset(client);
    expect(await world.until(adding)).toBe(events / 2 + 1);
  }
});

test("an addition without a quorum waits for one", async () => {
  const world = await World.start();
  const client = await world.client();
  const counter = client.coord.counter("x");
  await world.until(counter.add());
  world.isolate(client);
  const adding = counter.add();
  await world.pass(300);
  expect(await isPending(adding)).toBe(true);
  world.heal(client);
  expect(await world.until(adding)).toBe(2);
});

test("what is no number, and what none can be, is refused and changes nothing", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const counter = coord.counter("x");
  expect(await world.until(counter.add(most))).toBe(most);
  expect(await codeOf(world.until(counter.add()))).toBe("ERR_FLOTILLA_LIMIT");
  expect(await world.until(counter.get())).toBe(most);
  await world.until(session.set(counter.path, "many"));
  expect(await codeOf(world.until(counter.add()))).toBe("ERR_FLOTILLA_BAD_VALUE");
  expect(await codeOf(world.until(counter.get()))).toBe("ERR_FLOTILLA_BAD_VALUE");
  expect(await codeOf(counter.add(1.5))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect(() => coord.counter("a/b")).toThrow("one path segment");
});

test("a counter takes the fence of a lock", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const held = await world.until(coord.lock("l").acquire());
  const counter = coord.counter("x");
  expect(await world.until(counter.add(1, { fence: held.fence }))).toBe(1);
  await world.until(held.release());
  expect(await codeOf(world.until(counter.add(1, { fence: held.fence })))).toBe("ERR_FLOTILLA_FENCED");
  expect(await world.until(counter.get())).toBe(1);
});

test("ids begin with 1 and have no gaps while they are reserved one by one", async () => {
  const world = await World.start();
  const [one, two] = await world.three();
  const ids = [one, two, one].map(({ coord }) => coord.ids("orders"));
  const found: number[] = [];
  for (const each of ids) found.push(await world.until(each.next()));
  expect(found).toEqual([1, 2, 3]);
});

test("a block is reserved by one command, however many wait for it, and used up before the next", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const ids = coord.ids("x", { start: 100, block: 10 });
  const found = await world.until(Promise.all(Array.from({ length: 25 }, () => ids.next())));
  expect(found).toEqual(Array.from({ length: 25 }, (_, k) => 100 + k));
  expect((await world.until(session.get(ids.path)))?.stat.version).toBe(2);
  // Another handle, also in the same process, has blocks of its own.
  expect(await world.until(coord.ids("x", { start: 100, block: 10 }).next())).toBe(130);
});

test("ids of a block are handed out when it is committed, not before", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const ids = client.coord.ids("x", { block: 10 });
  await world.until(ids.take(1));
  world.isolate(client);
  const stop = new AbortController();
  const aborted = ids.next({ signal: stop.signal });
  const waiting = ids.next();
  await world.pass(300);
  expect(await isPending(waiting)).toBe(true);
  stop.abort();
  expect(await codeOf(aborted)).toBe("ERR_FLOTILLA_ABORTED");
  world.heal(client);
  expect(await world.until(waiting)).toBe(2);
});

test("who waits for a block waits for as long as it said, whoever asked for the block and when", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 60_000 });
  const ids = client.coord.ids("x", { block: 10 });
  world.isolate(client);
  const first = codeOf(ids.next());
  await world.pass(10_000);
  const second = ids.next();
  const third = ids.next({ timeoutMs: Infinity });
  await world.pass(10_000);
  expect(await first).toBe("ERR_FLOTILLA_TIMEOUT");
  expect([await isPending(second), await isPending(third)]).toEqual([true, true]);
  world.heal(client);
  expect(await world.until(Promise.all([second, third]))).toEqual([1, 2]);
});

test("a range of ids is one command; beyond the last one there are no more", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const ids = coord.ids("x", { start: most - 10 });
  expect(await world.until(ids.take(5))).toEqual({ first: most - 10, end: most - 5 });
  expect(await world.until(ids.next())).toBe(most - 5);
  expect(await codeOf(world.until(ids.take(6)))).toBe("ERR_FLOTILLA_LIMIT");
  expect(await codeOf(ids.take(0))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect(() => coord.ids("x", { block: 0 })).toThrow("block");
});

test("counters and ids of a namespace are its own", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const shop = await world.until(coord.namespace("/shop"));
  expect(await world.until(coord.counter("x").add(5))).toBe(5);
  expect(await world.until(shop.counter("x").add(2))).toBe(2);
  expect(await world.until(shop.ids("x").next())).toBe(1);
  expect(await world.until(shop.session.add("/n", 1))).toMatchObject({ path: "/n", sum: 1 });
  expect(await world.until(coord.session.add("/shop/n", 1))).toMatchObject({ sum: 2 });
});
