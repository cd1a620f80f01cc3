import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.ts";

/** TTL 10,000: believed 9,800, signalled at 7,800. */
const believedMs = 9_800;
const signalledMs = 7_800;

test("a refusal is an answer to who waits for one, and moves no deadline", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  const session = await cluster.open();
  const { lease } = session;
  await cluster.pass(4_000);
  const confirmedMs = cluster.host.clock.now() + lease.expiresIn - believedMs;
  const states: string[] = [];
  session.onState((state) => states.push(`${state} ${Math.round(cluster.host.clock.now() - confirmedMs)}`));
  let firedMs = 0;
  lease.signal.addEventListener("abort", () => {
    firedMs = cluster.host.clock.now();
  });
  cluster.refused.add(session.leaseId);
  await cluster.pass(5_000);
  expect(cluster.host.clock.now() + lease.expiresIn).toBeCloseTo(confirmedMs + believedMs, 6);
  await cluster.pass(60_000);
  expect(firedMs).toBeCloseTo(confirmedMs + signalledMs, 6);
  expect(() => lease.assert()).toThrow("the lease lapsed");
  expect(session.lease).toBe(lease);
  expect(states).toEqual(["suspended 5000"]);
  expect(cluster.connections).toHaveLength(1);
});

test("a refusal takes nothing from a renewal before it that is confirmed later, and is not confirmed itself", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.renew = false;
  await cluster.pass(6_700);
  const [, second, third] = cluster.last.of("renew").map(({ number }) => number);
  const ends = (): number => session.lease.expiresIn + cluster.host.clock.now();
  const first = ends();
  const refused = [session.leaseId];
  for (const number of [third ?? 0, 99]) cluster.last.send({ type: "renewed", number, refused });
  await cluster.pass(1);
  expect(ends()).toBeCloseTo(first, 6);
  cluster.last.send({ type: "renewed", number: third ?? 0, refused: [] });
  await cluster.pass(1);
  expect(ends()).toBeCloseTo(first, 6);
  cluster.last.send({ type: "renewed", number: second ?? 0, refused: [] });
  await cluster.pass(1);
  expect(ends()).toBeCloseTo(first + 10_000 / 3, 0);
});

test("a renewal after the refused one that nobody answers has it leave the server", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  const session = await cluster.open();
  cluster.refused.add(session.leaseId);
  await cluster.pass(4_000);
  cluster.manners.renew = false;
  await cluster.pass(6_000);
  expect(cluster.connections.length).toBeGreaterThan(1);
});
