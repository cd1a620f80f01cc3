import type { LeasesPage } from "@flotilla/kv";
import { expect, test } from "vitest";
import type { Lease } from "../../src/client/api.ts";
import type { Client } from "./world.ts";
import { rejection, World } from "./world.ts";

const ttlMs = 2_000;

/** Virtual time at which a node was deleted. */
async function gone(world: World, client: Client, path: string): Promise<{ atMs: Promise<number> }> {
  const watch = await world.until(client.session.watch(path));
  const deleted = async (): Promise<number> => {
    for await (const event of watch) if (event.type === "deleted") return world.kernel.nowMs;
    throw new Error("the watch ended");
  };
  return { atMs: deleted() };
}

async function exists(world: World, { session }: Client, path: string): Promise<boolean> {
  return (await world.until(session.exists(path))) !== null;
}

async function withLease(world: World, { session }: Client, path: string, ms = ttlMs): Promise<Lease> {
  const lease = await world.until(session.grant(ms));
  await world.until(session.create(path, "", { lease }));
  return lease;
}

test("what is renewed stays, over new servers and leaders, and a revoked lease takes its own nodes alone", async () => {
  const world = await World.start(3, "renewed");
  const [holder, observer] = await world.three({ sessionTtlMs: 10_000 });
  const lease = await withLease(world, holder, "/a", 10_000);
  await world.until(holder.session.create("/a2", "", { lease }));
  await withLease(world, holder, "/b", 10_000);
  await world.until(holder.session.create("/own", "", { ephemeral: true }));
  for (let round = 0; round < 2; round += 1) {
    world.reset(holder);
    const leader = await world.cluster.leader();
    world.kernel.node(leader).crash();
    await world.pass(8_000);
    await world.until(world.cluster.restart(leader));
    await world.pass(8_000);
    expect(lease.signal.aborted).toBe(false);
    expect(await exists(world, observer, "/a")).toBe(true);
  }
  const { revision } = await world.until(observer.session.put("/mark", ""));
  await world.until(lease.revoke());
  const left = await world.until(observer.session.children("/"));
  expect(left?.names.filter((name) => ["a", "a2", "b", "own"].includes(name))).toEqual(["b", "own"]);
  expect((await world.until(observer.session.exists("/")))?.pzxid).toBe(revision + 1);
});

test("a client that died loses each lease no sooner than its TTL after the last renewal", async () => {
  for (const ms of [500, 1_000, 4_000]) {
    const world = await World.start(1, `died ${ms}`);
    const holder = await world.client({ sessionTtlMs: 5_000 });
    const observer = await world.client();
    await withLease(world, holder, "/short", ms);
    const { atMs } = await gone(world, observer, "/short");
    await world.pass(3_000);
    const diedMs = world.kernel.nowMs;
    world.kernel.node(holder.machine).crash();
    const afterMs = (await world.until(atMs)) - diedMs;
    // The last renewal was sent a quarter of the TTL before at the earliest.
    expect(afterMs).toBeGreaterThan(ms * 0.7);
    expect(afterMs).toBeLessThan(ms * 1.02 + 400);
    expect(await exists(world, observer, "/")).toBe(true);
  }
});

test("a doomed lease is told in time and takes only its own nodes; the session and its other leases go on", async () => {
  const world = await World.start();
  const [holder, operator] = await world.three();
  const doomed = await withLease(world, holder, "/doomed");
  const other = await withLease(world, holder, "/other");
  const signal = world.firing(doomed.signal);
  const { atMs } = await gone(world, operator, "/doomed");
  await world.until(operator.session.doom(doomed.id));
  expect((await world.until(operator.session.leases())).leases).toContainEqual({
    id: doomed.id,
    session: holder.session.id,
    ttlMs,
    doomed: true,
    nodes: 1,
  });
  const goneMs = await world.until(atMs);
  expect(signal.atMs).toBeLessThan(goneMs);
  await world.pass(10_000);
  expect(other.signal.aborted).toBe(false);
  expect(await exists(world, operator, "/other")).toBe(true);
  expect(holder.session.state).toBe("connected");
});

test("a lapse gives back what was held, while the session and what it owns live on", async () => {
  const world = await World.start();
  const holder = await world.client({ sessionTtlMs: 20_000 });
  const lease = await withLease(world, holder, "/held", 1_000);
  await world.until(holder.session.create("/own", "", { ephemeral: true }));
  const signal = world.firing(lease.signal);
  world.isolate(holder);
  await world.kernel.run({ untilMs: world.kernel.nowMs + 5_000, until: () => lease.signal.aborted });
  world.heal(holder);
  const observer = await world.client();
  await world.pass(8_000);
  expect(signal.atMs).toBeLessThan(world.kernel.nowMs);
  expect(await exists(world, observer, "/held")).toBe(false);
  expect(await exists(world, observer, "/own")).toBe(true);
  const late = await rejection(holder.session.create("/late", "", { lease }));
  expect(late).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
});

test("leases of all sessions come in pages", async () => {
  const world = await World.start();
  const [holder, other] = await world.three();
  const leases = [
    await withLease(world, holder, "/a"),
    await withLease(world, other, "/b"),
    await withLease(world, other, "/c"),
  ];
  await using disposed = await world.until(other.session.grant(ttlMs));
  const found: string[] = [];
  let after: string | null = null;
  do {
    const options = after === null ? { limit: 2 } : { limit: 2, after };
    const page: LeasesPage = await world.until(holder.session.leases(options));
    expect(page.leases.length).toBeLessThanOrEqual(2);
    for (const { id } of page.leases) found.push(id);
    after = page.next;
  } while (after !== null);
  expect(found).toEqual(expect.arrayContaining([...leases.map(({ id }) => id), disposed.id]));
  expect(found).toEqual(expect.arrayContaining([holder.session.id, other.session.id]));
  expect(found.toSorted()).toEqual(found);
  await world.until(disposed.revoke());
});
