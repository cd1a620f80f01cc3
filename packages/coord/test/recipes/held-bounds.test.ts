import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import type { CallOptions } from "../../src/client/read-api.ts";
import type { Leadership } from "../../src/recipes/api.ts";
import type { BarrierRound } from "../../src/recipes/barrier/api.ts";
import type { GroupMembership } from "../../src/recipes/group/api.ts";
import type { Balancer } from "../../src/recipes/balance/api.ts";
import type { AllHeld, LockHold } from "../../src/recipes/lock-api.ts";
import type { Registration } from "../../src/recipes/registry/api.ts";
import type { Shard } from "../../src/recipes/shards/api.ts";
import { type Client, noWaits, rejection, World } from "./world.ts";

interface Everything {
  readonly leadership: Leadership;
  readonly held: LockHold;
  readonly registration: Registration;
  readonly balancer: Balancer;
  readonly membership: GroupMembership;
  readonly round: BarrierRound;
  readonly locks: AllHeld;
  readonly reentrant: LockHold;
  readonly shard: Shard;
}
type Call = (of: Everything, options: CallOptions) => Promise<unknown>;

/** Whatever waits for a server, or for others. */
const calls: Readonly<Record<string, Call>> = {
  "leadership proclaim": ({ leadership }, options) => leadership.proclaim("news", options),
  "leadership resign to": ({ leadership }, options) => leadership.resign({ to: "other", ...options }),
  "leadership release": ({ leadership }, options) => leadership.release(options),
  "leadership resign": ({ leadership }, options) => leadership.resign(options),
  "lock release": ({ held }, options) => held.release(options),
  "lock askedBack": ({ held }, options) => held.askedBack(options),
  "locks release": ({ locks }, options) => locks.release(options),
  "reentrant release": ({ reentrant }, options) => reentrant.release(options),
  "shard release": ({ shard }, options) => shard.release(options),
  "registration update": ({ registration }, options) => registration.update({ weight: 2 }, options),
  "registration drain": ({ registration }, options) => registration.drain(options),
  "registration maintain": ({ registration }, options) => registration.maintain(options),
  "registration resume": ({ registration }, options) => registration.resume(options),
  "registration deregister": ({ registration }, options) => registration.deregister(options),
  "membership update": ({ membership }, options) => membership.update({ a: "b" }, options),
  "membership leave": ({ membership }, options) => membership.leave(options),
  "round leave": ({ round }, options) => round.leave(options),
  "round release": ({ round }, options) => round.release(options),
  "balancer ready": ({ balancer }, options) => balancer.ready(2, options),
  "balancer use": ({ balancer }, options) =>
    balancer.use(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
      options,
    ),
};

async function everything({ coord }: Client, world: World): Promise<Everything> {
  const registration = await world.until(coord.registry.register({ name: "web", address: "h" }));
  const balancer = await world.until(coord.registry.service("web"));
  await world.until(balancer.ready());
  return {
    leadership: await world.until(coord.election("x").campaign()),
    held: await world.until(coord.lock("x").acquire()),
    registration,
    balancer,
    membership: await world.until(coord.group("x").join()),
    round: await world.until(coord.doubleBarrier("x", { parties: 1 }).enter()),
    locks: await world.until(coord.lockSet([coord.lock("y"), coord.lock("z")]).acquire()),
    reentrant: await world.until(coord.lock("r", { reentrant: true }).acquire()),
    shard: await world.until(
      new Promise<Shard>((resolve) => {
        void coord
          .shards("x", { count: 1 })
          .run(resolve)
          .catch(() => {});
      }),
    ),
  };
}

/** A client that holds everything, of a session that lasts, and that reaches nobody any more. */
async function cutOff(): Promise<{ readonly world: World; readonly all: Everything }> {
  const world = await World.start(1);
  const client = await world.client({ sessionTtlMs: 60_000 });
  const other = await world.client();
  const all = await everything(client, world);
  other.coord
    .election("x", { id: "other" })
    .campaign()
    .catch(() => {});
  await world.pass(500);
  world.isolate(client);
  return { world, all };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    if (FlotillaError.is(error)) return error.code;
    throw error;
  }
}

const gaveBack = [
  "leadership release",
  "leadership resign",
  "lock release",
  "locks release",
  "reentrant release",
  "shard release",
  "registration deregister",
  "membership leave",
  "round leave",
  "round release",
] as const;

test.each(noWaits)("a wait of %s is refused before anything is given back", async (_what, wait) => {
  const world = await World.start(1);
  const client = await world.client();
  const all = await everything(client, world);
  for (const name of gaveBack) {
    const refused = await world.until(rejection(calls[name]?.(all, wait) ?? Promise.resolve()));
    expect(refused, name).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  }
  await world.pass(100);
  const { leadership, held, locks, reentrant, shard, registration, membership, round } = all;
  const signals = [leadership, held, locks, reentrant, shard, registration, membership, round];
  expect(signals.map(({ signal }) => signal.aborted)).toEqual(signals.map(() => false));
  expect(await world.until(client.coord.registry.find("web"))).toHaveLength(1);
});

describe.each(Object.entries(calls))("%s", (_, call) => {
  test("ends with its time while nobody answers", async () => {
    const { world, all } = await cutOff();
    const begunMs = world.kernel.nowMs;
    expect(await world.until(codeOf(call(all, { timeoutMs: 700 })), 1_000)).toBe("ERR_FLOTILLA_TIMEOUT");
    expect(world.kernel.nowMs - begunMs).toBeLessThanOrEqual(701);
  });

  test("ends with its signal while nobody answers", async () => {
    const { world, all } = await cutOff();
    const stop = new AbortController();
    const called = codeOf(call(all, { signal: stop.signal }));
    await world.pass(300);
    stop.abort();
    expect(await world.until(called, 100)).toBe("ERR_FLOTILLA_ABORTED");
  });
});
