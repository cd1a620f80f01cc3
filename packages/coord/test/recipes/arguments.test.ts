import { expect, test } from "vitest";
import { jsonCodec } from "../../src/client/index.ts";
import type { StandardSchema } from "../../src/client/schema.ts";
import { functionDriver } from "../../src/recipes/keeper/drivers.ts";
import { World } from "./world.ts";
import type { TeamOptions } from "../../src/recipes/team-api.ts";
import type { Coord } from "../../src/server/api.ts";

/** A caller without types may hand over anything. */
function anything(value: unknown): never {
  return value as never;
}

const nothing = anything(null);
const left = anything(undefined);
const noSignal = { signal: anything({}) };
const lead = (): void => {};

const schema: StandardSchema<number> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as number }) },
};

const picks = (pick: string): TeamOptions => ({ address: "a", balance: { pick: anything(pick) } });

const api = { name: "api", address: "here" };

/** The first of a stream. */
async function first(stream: AsyncIterable<unknown>): Promise<unknown> {
  for await (const item of stream) return item;
  return null;
}

const wrong: Readonly<Record<string, (coord: Coord) => unknown>> = {
  "lock, a slip": (coord) => coord.lock("x", anything({ reentrent: true })),
  "acquire, a slip": (coord) => coord.lock("x").acquire(anything({ waitMS: 5 })),
  "campaign, a slip": (coord) => coord.election("x").campaign(anything({ timeout: 5 })),
  "queue, a slip": (coord) => coord.queue("x", anything({ maxitems: 5 })),
  "cron, a slip": (coord) => coord.cron("x", anything({ schedule: "* * * * *", timezone: "UTC" })),
  "put, a slip": (coord) => coord.session.put("/x", "", anything({ verison: 0 })),
  "get, a slip": (coord) => coord.session.get("/x", anything({ levle: "local" })),
  "multi, a slip": (coord) =>
    coord.session.multi([anything({ type: "set", path: "/x", value: "", mzxId: 1 })]),
  "multi, a slip in a condition": (coord) =>
    coord.session.multi([{ type: "delete", path: "/x", if: anything({ ownr: "x" }) }]),
  "register, a slip": (coord) => coord.registry.register(anything({ ...api, drainMS: 5 })),
  "register, a slip in a check": (coord) =>
    coord.registry.register({ ...api, check: anything({ ttlMs: 1_000, removeAfterMS: 5 }) }),
  "update, a slip": async (coord) => (await coord.registry.register(api)).update(anything({ weigth: 5 })),
  "service, a slip in outliers": (coord) =>
    coord.registry.service("api", { outliers: anything({ failure: 5 }) }),
  "pick, a slip": async (coord) => (await coord.registry.service("api")).pick(anything({ keys: "x" })),
  "team, a slip": (coord) => coord.team("x", anything({ address: "a", candidat: "x" })),
  "team, a slip in how it picks": (coord) =>
    coord.team("x", { address: "a", balance: anything({ pik: "random" }) }),
  "acquire, the signal itself": (coord) => coord.lock("x").acquire(anything(new AbortController().signal)),
  "get, the signal itself": (coord) => coord.session.get("/x", anything(new AbortController().signal)),
  "update, the signal itself": async (coord) =>
    (await coord.registry.register(api)).update(anything(new AbortController().signal)),
  "lock, null": (coord) => coord.lock("x", nothing),
  "readWriteLock, null": (coord) => coord.readWriteLock("x", nothing),
  "semaphore, nothing": (coord) => coord.semaphore("x", left),
  "semaphore, null": (coord) => coord.semaphore("x", nothing),
  "election, null": (coord) => coord.election("x", nothing),
  "lockSet, nothing": (coord) => coord.lockSet(left),
  "lockSet of no locks": (coord) => coord.lockSet([anything({}), anything({ path: "/a" })]),
  "lockSet of null": (coord) => coord.lockSet([nothing]),
  "team, nothing": (coord) => coord.team("x", left),
  "team without an address": (coord) => coord.team("x", anything({})),
  "team, a pick that there is none": (coord) => coord.team("x", picks("fastest")),
  "team, no tags": (coord) => coord.team("x", { address: "a", balance: { tags: anything("a") } }),
  "acquire, null": (coord) => coord.lock("x").acquire(nothing),
  "acquire, a text": (coord) => coord.lock("x").acquire(anything("soon")),
  "acquire, no signal": (coord) => coord.lock("x").acquire(noSignal),
  "acquire again, null": (coord) => coord.lock("x", { reentrant: true }).acquire(nothing),
  "acquire again, no signal": (coord) => coord.lock("x", { reentrant: true }).acquire(noSignal),
  "tryAcquire, null": (coord) => coord.lock("x").tryAcquire(nothing),
  "run of a lock, no signal": (coord) => coord.lock("x").run(lead, noSignal),
  "acquire of a set, null": (coord) => coord.lockSet([coord.lock("x")]).acquire(nothing),
  "acquire of a set, no signal": (coord) => coord.lockSet([coord.lock("x")]).acquire(noSignal),
  "askBack, null": (coord) => coord.lock("x").askBack(nothing),
  "inspect, no signal": (coord) => coord.lock("x").inspect(noSignal),
  "campaign, null": (coord) => coord.election("x").campaign(nothing),
  "campaign, no signal": (coord) => coord.election("x").campaign(noSignal),
  "run of an election, null": (coord) => coord.election("x").run(lead, nothing),
  "run of an election, no signal": (coord) => coord.election("x").run(lead, noSignal),
  "evict, null": (coord) => coord.election("x").evict(nothing),
  "run of a team, no signal": (coord) => coord.team("x", { address: "a" }).run({ lead }, noSignal),
  "run of a team, what leads alone": (coord) => coord.team("x", { address: "a" }).run(anything(lead)),
  "run of a team, null": (coord) => coord.team("x", { address: "a" }).run(nothing),
  "run of a lock without work": (coord) => coord.lock("x").run(left),
  "run of a reentrant lock without work": (coord) => coord.lock("x", { reentrant: true }).run(left),
  "run of a set without work": (coord) => coord.lockSet([coord.lock("x")]).run(left),
  "run of an election without work": (coord) => coord.election("x").run(left),
  "observe, null": (coord) => first(coord.election("x").observe(nothing)),
  "ids, null": (coord) => coord.ids("x", nothing),
  "latch, null": (coord) => coord.latch("x", nothing),
  "latch, nothing": (coord) => coord.latch("x", left),
  "doubleBarrier, null": (coord) => coord.doubleBarrier("x", nothing),
  "config, null": (coord) => coord.config("x", nothing),
  "set of a config, null": (coord) => coord.config("x", { schema }).set(1, nothing),
  "update of a config without a change": (coord) => coord.config("x", { schema }).update(left),
  "update of a config, null": (coord) => coord.config("x", { schema }).update(() => 1, nothing),
  "draft of a config, null": (coord) => coord.config("x", { schema }).draft(1, nothing),
  "history of a config, null": (coord) => coord.config("x", { schema }).history(nothing),
  "rollback of a config, null": (coord) => coord.config("x", { schema }).rollback(1, nothing),
  "watch of a config, null": (coord) => first(coord.config("x", { schema }).watch(nothing)),
  "cron, null": (coord) => coord.cron("x", nothing),
  "run of a cron without work": (coord) => coord.cron("x", { schedule: "* * * * *" }).run(left),
  "history of a cron, null": (coord) => coord.cron("x", { schedule: "* * * * *" }).history(nothing),
  "forget, null": (coord) => coord.cron("x", { schedule: "* * * * *" }).forget(nothing),
  "next of a cron, a text": (coord) => coord.cron("x", { schedule: "* * * * *" }).next(anything("x")),
  "next of a cron, no number": (coord) => coord.cron("x", { schedule: "* * * * *" }).next(Number.NaN),
  "next of a cron, beyond calendars": (coord) => coord.cron("x", { schedule: "* * * * *" }).next(8.64e15),
  "add to a counter, null": (coord) => coord.counter("x").add(1, nothing),
  "take of ids, null": (coord) => coord.ids("x").take(1, nothing),
  "scale of a keeper, null": (coord) => coord.keeper("x").scale(1, nothing),
  "clear of a latch, null": (coord) => coord.latch("x", { count: 1 }).clear(nothing),
  "countDown, null": (coord) => coord.latch("x", { count: 1 }).countDown(nothing),
  "set of a barrier, null": (coord) => coord.barrier("x").set(nothing),
  "put, null": (coord) => coord.queue("x").put("a", nothing),
  "observe of shards, null": (coord) => first(coord.shards("x", { count: 1 }).observe(nothing)),
  "run of a cron, null": (coord) => coord.cron("x", { schedule: "* * * * *" }).run(lead, nothing),
  "queue, null": (coord) => coord.queue("x", nothing),
  "queue, a codec of null": (coord) => coord.queue("x", { codec: nothing }),
  "consume without work": (coord) => coord.queue("x").consume(left),
  "consume, null": (coord) => coord.queue("x").consume(lead, nothing),
  "list of dead letters, null": (coord) => coord.queue("x").deadLetters.list(nothing),
  "shard of null": (coord) => coord.shards("x", { count: 2 }).of(nothing),
  "shard of a number": (coord) => coord.shards("x", { count: 2 }).of(anything(5)),
  "shards, null": (coord) => coord.shards("x", nothing),
  "run of shards without work": (coord) => coord.shards("x", { count: 1 }).run(left),
  "run of shards, null": (coord) => coord.shards("x", { count: 1 }).run(lead, nothing),
  "keeper, null": (coord) => coord.keeper("x", nothing),
  "keeper, no driver": (coord) => coord.keeper("x", { driver: anything("node app.js") }),
  "functionDriver of nothing": () => functionDriver(left),
  "keeper, restarts of null": (coord) => coord.keeper("x", { restarts: nothing }),
  "decode of null": (coord) => coord.values(jsonCodec()).decode(nothing),
  "values, null": (coord) => coord.values(nothing),
  "values, no codec": (coord) => coord.values(anything({ encode: lead })),
  "join, null": (coord) => coord.group("x").join({}, nothing),
  "watch of a group, null": (coord) => first(coord.group("x").watch(nothing)),
  "register, null": (coord) => coord.registry.register(api, nothing),
  "update, nothing": async (coord) => (await coord.registry.register(api)).update(left),
  "find, null": (coord) => coord.registry.find("api", nothing),
  "find, a state that there is none": (coord) => coord.registry.find("api", { states: [anything("up")] }),
  "find, no zone": (coord) => coord.registry.find("api", { zone: anything(3) }),
  "watch of the registry, null": (coord) => first(coord.registry.watch("api", nothing)),
  "service, no zone": (coord) => coord.registry.service("api", { zone: anything(3) }),
  "service, a pick of null": (coord) => coord.registry.service("api", { pick: nothing }),
  "pick, null": async (coord) => (await coord.registry.service("api")).pick(nothing),
  "pick, no key": async (coord) => (await coord.registry.service("api")).pick({ key: anything(5) }),
};

test.each(Object.entries(wrong))("%s: refused with a code", async (_, call) => {
  const world = await World.start();
  const { coord } = await world.client();
  const called = (async () => call(coord))();
  called.catch(() => {});
  const refused = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  await expect(world.until(called, 1_000)).rejects.toEqual(refused);
});

test("a leader says nothing that is no text, and resigns to nobody that is none", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const election = coord.election("x", { value: "here" });
  const leadership = await world.until(election.campaign());
  const refused = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  await expect(world.until(leadership.proclaim(anything({ a: 1 })))).rejects.toEqual(refused);
  await expect(world.until(leadership.proclaim(left))).rejects.toEqual(refused);
  await expect(world.until(leadership.resign(nothing))).rejects.toEqual(refused);
  await expect(world.until(leadership.resign({ to: anything(5) }))).rejects.toEqual(refused);
  expect(await world.until(election.leader())).toMatchObject({ value: "here" });
  leadership.assert();
});
