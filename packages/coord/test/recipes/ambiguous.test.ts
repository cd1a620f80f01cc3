import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import type { StandardSchema } from "../../src/client/schema.ts";
import { createLatch } from "../../src/recipes/barrier/latch.ts";
import { createConfig } from "../../src/recipes/config/config.ts";
import { createElection } from "../../src/recipes/election.ts";
import { type Client, rejection, World } from "./world.ts";

const schema: StandardSchema<number> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as number }) },
};

/** Cuts a client off as it sends the first of its writes. */
function cutOff(world: World, client: Client): Session {
  return new Proxy(client.session, {
    get: (target, key): unknown => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        const called: unknown = Reflect.apply(value, target, given);
        if (key === "multi") world.isolate(client);
        return called;
      };
    },
  });
}

const bounds = { timeoutMs: 1_000 };
const late = { code: "ERR_FLOTILLA_TIMEOUT", ambiguous: true };

const writes: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  "a set of a configuration": (session) => createConfig(session, "x", { schema }).set(1, bounds),
  "an update of a configuration": (session) => createConfig(session, "x", { schema }).update(() => 1, bounds),
  "a count": (session) => createLatch(session, "x", { count: 3 }).countDown(bounds),
  "an eviction": (session) => createElection(session, "x").evict({ ...bounds, force: true }),
};

test.each(Object.entries(writes))("%s that may have happened says so", async (_, write) => {
  const world = await World.start();
  const [client, other] = await world.three({ sessionTtlMs: 60_000 });
  await world.until(other.coord.election("x").campaign());
  const written = rejection(write(cutOff(world, client)));
  expect(await world.until(written)).toMatchObject(late);
});

test("one that was not sent does not", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 60_000 });
  world.isolate(client);
  const written = rejection(client.coord.config("x", { schema }).set(1, bounds));
  expect(await world.until(written)).toMatchObject({ ...late, ambiguous: false });
});

test("a change of a member that goes on says so", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 60_000 });
  const membership = await world.until(client.coord.group("x").join());
  world.isolate(client);
  const changed = rejection(membership.update({ at: "work" }, bounds));
  expect(await world.until(changed)).toMatchObject(late);
});

test("a change of an instance that goes on says so", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 60_000 });
  const registration = await world.until(client.coord.registry.register({ name: "x", address: "a:1" }));
  world.isolate(client);
  for (const change of [
    () => registration.update({ weight: 2 }, bounds),
    () => registration.drain(bounds),
    () => registration.resume(bounds),
  ])
    expect(await world.until(rejection(change()))).toMatchObject(late);
});
