import { expect, test } from "vitest";
import { admin } from "../../src/client/admin.ts";
import { World } from "../recipes/world.ts";

test("an operator sees how long every lease lasts, whomever it asks", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 10_000 });
  const lease = await world.until(client.session.grant(60_000));
  await world.pass(2_000);
  const host = world.kernel.node("operator").start();
  for (const id of world.cluster.ids) {
    const operator = admin({ host, endpoints: [world.cluster.address(id)] });
    const { times, next } = await world.until(operator.leaseTimes());
    expect(next).toBe(null);
    expect(times.map((each) => each.id)).toEqual(times.map((each) => each.id).toSorted());
    const of = (wanted: string): number => times.find((each) => each.id === wanted)?.remainingMs ?? -1;
    // Renewed every third of the shorter TTL; the leader waits 2 % longer.
    expect(of(client.session.id)).toBeGreaterThan(6_600);
    expect(of(client.session.id)).toBeLessThanOrEqual(10_200);
    expect(of(lease.id)).toBeGreaterThan(56_600);
    expect(of(lease.id)).toBeLessThanOrEqual(61_200);
  }
});

test("the time of a client that is cut off runs out, and its lease is gone then", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 10_000 });
  const operator = admin({
    host: world.kernel.node("operator").start(),
    endpoints: world.cluster.ids.map((id) => world.cluster.address(id)),
  });
  const remaining = async (): Promise<number | undefined> =>
    (await world.until(operator.leaseTimes())).times.find(({ id }) => id === client.session.id)?.remainingMs;
  await world.pass(2_000);
  world.isolate(client);
  await world.pass(5_000);
  const half = await remaining();
  expect(half).toBeLessThan(5_300);
  await world.pass(1_000);
  expect(await remaining()).toBeLessThanOrEqual((half ?? 0) - 1_000);
  await world.pass(6_000);
  expect(await remaining()).toBe(undefined);
});

test("many are told in pages", async () => {
  const world = await World.start(1);
  const { session } = await world.client();
  await world.until(Promise.all(Array.from({ length: 900 }, () => session.grant(60_000))));
  const other = await world.client();
  await world.until(Promise.all(Array.from({ length: 200 }, () => other.session.grant(60_000))));
  await world.pass(2_000);
  const host = world.kernel.node("operator").start();
  const operator = admin({ host, endpoints: [world.cluster.address("n1")] });
  const first = await world.until(operator.leaseTimes());
  expect(first.times.length).toBe(1_000);
  const rest = await world.until(operator.leaseTimes(first.next));
  // The sessions' own leases, and the member's.
  expect(first.times.length + rest.times.length).toBe(1_103);
  expect(rest.next).toBe(null);
});
