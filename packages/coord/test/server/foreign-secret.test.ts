import { expect, test } from "vitest";
import type { RawClient } from "./world.ts";
import { put, sessionA, World } from "./world.ts";

/** A session that wrote once, whose channel is gone. */
async function left(): Promise<World> {
  const world = new World();
  const owner = await world.attached(sessionA);
  owner.request(1, put("/mine", "1"));
  await world.settle();
  await world.commit();
  owner.close();
  await world.settle();
  return world;
}

/** A channel that knows the session's id and the number of its attach, but not its secret. */
async function stranger(world: World, attach: number): Promise<RawClient> {
  const client = world.client();
  const secret = new Uint8Array(16).fill(9);
  client.send({ type: "attach", session: sessionA, secret, attach, ttlMs: null, watches: [], auth: [] });
  await world.settle();
  return client;
}

async function owner(world: World, attach: number): Promise<RawClient> {
  const client = world.client();
  client.attach(sessionA, attach, { ttlMs: null });
  await world.settle();
  return client;
}

test("the attach of a session's owner attaches nobody who does not know its secret", async () => {
  const world = await left();
  const other = await stranger(world, 2);
  const own = await owner(world, 2);
  world.raft.pending.reverse();
  await world.commit(1);
  expect(own.kinds).toEqual(["attached", "result"]);
  expect(other.kinds).toEqual([]);
  await world.commit();
  expect(other.of("ended").map(({ code }) => code)).toEqual(["ERR_FLOTILLA_WRONG_SECRET"]);
  expect(own.ended).toBeNull();
});

test("an attach with a wrong secret has nobody refused but who gave it", async () => {
  const world = await left();
  const other = await stranger(world, 2);
  const own = await owner(world, 2);
  await world.commit(1);
  expect(other.of("ended").map(({ code }) => code)).toEqual(["ERR_FLOTILLA_WRONG_SECRET"]);
  expect(own.kinds).toEqual([]);
  await world.commit();
  expect(own.kinds).toEqual(["attached", "result"]);
});

test("a snapshot that holds an attach attaches nobody who does not know the secret of its session", async () => {
  const world = await left();
  const other = await stranger(world, 1);
  const own = await owner(world, 1);
  world.parts.hub.restored();
  await world.settle();
  expect(other.kinds).toEqual([]);
  expect(own.kinds).toEqual(["attached", "result"]);
});
