import { expect, test } from "vitest";
import { collect, World } from "../recipes/world.ts";
import { FakeCluster } from "./fake-cluster.ts";

test("tells the state now, then every change, until the session is over", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { items, done } = collect(session.states());
  const late = session.states();
  cluster.manners.renew = false;
  await cluster.pass(6_000);
  cluster.manners.renew = true;
  await cluster.pass(6_000);
  expect(items).toEqual(["connected", "suspended", "connected"]);
  const afterwards = collect(late);
  await cluster.until(session.close());
  await done;
  await afterwards.done;
  expect(items).toEqual(["connected", "suspended", "connected", "closed"]);
  expect(afterwards.items).toEqual(["connected", "closed"]);
  const over = collect(session.states());
  await over.done;
  expect(over.items).toEqual(["closed"]);
});

test("tells of a loss, within a namespace too", async () => {
  const world = await World.start();
  const client = await world.client({ namespace: "/app" });
  const { items, done } = collect(client.session.states());
  world.isolate(client);
  await world.pass(5_000);
  world.heal(client);
  await world.until(done);
  expect(items).toEqual(["connected", "suspended", "lost"]);
});

test("ends with the signal, and leaves nothing behind", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const stop = new AbortController();
  const { items, done } = collect(session.states({ signal: stop.signal }));
  await cluster.pass(10);
  stop.abort();
  await done;
  await cluster.until(session.close());
  expect(items).toEqual(["connected"]);
  const never = collect(session.states({ signal: AbortSignal.abort() }));
  await never.done;
  expect(never.items).toEqual([]);
});

test("who does not read misses the oldest states, never the last", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const states = session.states()[Symbol.asyncIterator]();
  expect((await states.next()).value).toBe("connected");
  for (let k = 0; k < 50; k += 1) {
    cluster.manners.renew = false;
    await cluster.pass(6_000);
    cluster.manners.renew = true;
    await cluster.pass(3_000);
  }
  await cluster.until(session.close());
  const rest: unknown[] = [];
  for (let next = await states.next(); next.done !== true; next = await states.next()) rest.push(next.value);
  expect(rest.length).toBe(64);
  expect(rest.at(-1)).toBe("closed");
});
