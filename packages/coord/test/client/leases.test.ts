import { expect, test } from "vitest";
import type { Lease } from "../../src/client/api.ts";
import type { ClientSession } from "../../src/client/session.ts";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

/** TTL 4,000: believed 3,920, signalled at 3,120. */
const ttlMs = 4_000;
const believedMs = 3_920;
const signalledMs = 3_120;

async function granted(cluster: FakeCluster): Promise<{ session: ClientSession; lease: Lease }> {
  const session = await cluster.open();
  const lease = await cluster.until(session.grant(ttlMs));
  return { session, lease };
}

function operations(cluster: FakeCluster): string[] {
  return cluster.applied.map(({ operation }) => operation.type);
}

/** Virtual time at which the signal fires. */
function firing(cluster: FakeCluster, { signal }: Lease): { atMs: number } {
  const fired = { atMs: signal.aborted ? cluster.kernel.nowMs : Number.POSITIVE_INFINITY };
  signal.addEventListener("abort", () => {
    fired.atMs = cluster.kernel.nowMs;
  });
  return fired;
}

test("a lease is renewed in the session's own message, every quarter of the shorter TTL", async () => {
  const cluster = new FakeCluster();
  const { session, lease } = await granted(cluster);
  await cluster.pass(4_100);
  const renewals = cluster.last.of("renew").slice(1);
  expect(renewals).toHaveLength(4);
  for (const { leases } of renewals) expect(leases).toEqual([session.leaseId, lease.id]);
  expect(lease.expiresIn).toBeGreaterThan(believedMs - 1_100);
  lease.assert();
});

test("belief starts at the first send of the grant, however late its result comes", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  cluster.manners.attach = false;
  cluster.last.close();
  await cluster.pass(100);
  const askedMs = cluster.host.clock.now();
  const granting = session.grant(ttlMs);
  await cluster.pass(2_000);
  expect(operations(cluster)).toEqual([]);
  cluster.manners.attach = true;
  cluster.last.close();
  while (operations(cluster).length === 0) await cluster.pass(10);
  const sentMs = cluster.host.clock.now();
  expect(sentMs).toBeGreaterThan(askedMs + 1_900);
  await cluster.pass(1_000);
  cluster.answerAll(cluster.last, 1);
  const lease = await cluster.until(granting);
  expect(lease.expiresIn).toBeLessThanOrEqual(sentMs + believedMs - cluster.host.clock.now());
  expect(lease.expiresIn).toBeGreaterThan(sentMs + believedMs - cluster.host.clock.now() - 20);
});

test("an acknowledgement moves no lease that it refuses or that its renewal did not name", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.renew = false;
  await cluster.pass(3_400);
  const grantedMs = cluster.host.clock.now();
  const [early, other] = [
    await cluster.until(session.grant(ttlMs)),
    await cluster.until(session.grant(ttlMs)),
  ];
  // Sent before the grants.
  cluster.last.send({ type: "renewed", number: 2, refused: [] });
  await cluster.pass(1_100);
  cluster.last.send({ type: "renewed", number: 3, refused: [other.id] });
  await cluster.pass(1);
  expect(early.expiresIn).toBeGreaterThan(grantedMs + believedMs + 900 - cluster.host.clock.now());
  expect(other.expiresIn).toBeLessThanOrEqual(grantedMs + believedMs + 10 - cluster.host.clock.now());
});

test("where the session's own lease is refused nothing is believed in for longer", async () => {
  const cluster = new FakeCluster();
  const { session, lease } = await granted(cluster);
  cluster.refused.add(session.leaseId);
  const until = cluster.host.clock.now() + lease.expiresIn;
  await cluster.pass(2_500);
  expect(lease.expiresIn).toBeLessThanOrEqual(until - cluster.host.clock.now());
});

test("a lapse fires the signal in time, is final, and has the lease revoked", async () => {
  const cluster = new FakeCluster();
  const { session, lease } = await granted(cluster);
  const grantedMs = cluster.kernel.nowMs;
  cluster.refused.add(lease.id);
  const fired = firing(cluster, lease);
  await cluster.pass(6_000);
  expect(fired.atMs).toBeGreaterThan(grantedMs + signalledMs - 50);
  expect(fired.atMs).toBeLessThanOrEqual(grantedMs + signalledMs);
  expect(() => lease.assert()).toThrow("the lease lapsed");
  expect(lease.expiresIn).toBeLessThanOrEqual(0);
  expect(operations(cluster)).toEqual(["grant", "revoke"]);
  expect(session.lease.expiresIn).toBeGreaterThan(0);
  cluster.refused.clear();
  await cluster.pass(3_000);
  expect(lease.signal.aborted).toBe(true);
  expect(cluster.last.of("renew").at(-1)?.leases).toEqual([session.leaseId]);
});

test("a lease never outlives what the session believes of itself", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open({ sessionTtlMs: 1_000 });
  const lease = await cluster.until(session.grant(60_000));
  expect(lease.expiresIn).toBeLessThanOrEqual(session.lease.expiresIn);
  const own = session.lease;
  cluster.manners.renew = false;
  await cluster.pass(1_000);
  expect(own.signal.aborted).toBe(true);
  expect(lease.signal.aborted).toBe(true);
  expect(() => lease.assert()).toThrow("the lease lapsed");
  cluster.manners.renew = true;
  await cluster.pass(1_000);
  expect(session.lease.expiresIn).toBeGreaterThan(0);
  expect(lease.expiresIn).toBeLessThanOrEqual(0);
  expect(operations(cluster)).toEqual(["grant", "revoke"]);
});

test("after a stall `assert` throws before any timer ran", async () => {
  const cluster = new FakeCluster();
  const { lease } = await granted(cluster);
  cluster.node.pause();
  await cluster.pass(5_000);
  expect(lease.signal.aborted).toBe(false);
  expect(() => lease.assert()).toThrow("the lease lapsed");
  expect(lease.signal.aborted).toBe(true);
});

test("revoking ends the belief before it is sent, once, and is done when the lease was gone", async () => {
  const cluster = new FakeCluster();
  const { lease } = await granted(cluster);
  const done = lease.revoke();
  expect(lease.signal.aborted).toBe(true);
  expect(operations(cluster)).toEqual(["grant"]);
  expect(lease.revoke()).toBe(done);
  await cluster.until(done);
  expect(operations(cluster)).toEqual(["grant", "revoke"]);
  await cluster.pass(2_000);
  expect(cluster.last.of("renew").every(({ leases }) => !leases.includes(lease.id))).toBe(true);
});

test("a lease that is gone is revoked, and one of a closed session too", async () => {
  const cluster = new FakeCluster();
  const { session, lease } = await granted(cluster);
  const other = await cluster.until(session.grant(ttlMs));
  cluster.judge = () => ({ ok: false, revision: 0, code: "ERR_FLOTILLA_NOT_FOUND", failed: null });
  await cluster.until(lease.revoke());
  cluster.judge = () => undefined;
  await cluster.until(session.close());
  expect(other.signal.aborted).toBe(true);
  await cluster.until(other.revoke());
  expect(operations(cluster)).toEqual(["grant", "grant", "revoke", "close"]);
});

test.each([true, false])(
  "a revoke that was given up may be asked for again, when it took effect: %s",
  async (apply) => {
    const cluster = new FakeCluster();
    const { lease } = await granted(cluster);
    Object.assign(cluster.manners, { answer: false, apply });
    const first = errorOf(lease.revoke({ timeoutMs: 20 }));
    expect(await cluster.until(first)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT", ambiguous: true });
    expect(operations(cluster)).toEqual(apply ? ["grant", "revoke"] : ["grant"]);
    const isGone = (): boolean => operations(cluster).includes("revoke");
    cluster.judge = () =>
      isGone() ? { ok: false, revision: 0, code: "ERR_FLOTILLA_NOT_FOUND", failed: null } : undefined;
    Object.assign(cluster.manners, { answer: true, apply: true });
    cluster.last.close();
    await cluster.until(lease.revoke());
    await cluster.until(lease.revoke());
    expect(operations(cluster).slice(1)).toEqual(["revoke", "revoke"]);
  },
);

test("a grant whose fate is unknown is taken back", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  expect(await errorOf(cluster.until(session.grant(ttlMs, { timeoutMs: 100 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
    ambiguous: true,
  });
  await cluster.pass(10);
  expect(operations(cluster)).toEqual(["grant", "revoke"]);
});

test("a grant that is told too late is refused and taken back", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const granting = session.grant(1_000);
  await cluster.pass(900);
  cluster.answerAll(cluster.last, 1);
  cluster.manners.answer = true;
  expect(await errorOf(cluster.until(granting))).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  await cluster.pass(10);
  expect(operations(cluster)).toEqual(["grant", "revoke"]);
});

test("a node ends with the lease that its creation names, unless that has lapsed", async () => {
  const cluster = new FakeCluster();
  const { session, lease } = await granted(cluster);
  session.create("/a", "", { lease }).catch(() => {});
  session.multi([{ type: "create", path: "/b", lease }]).catch(() => {});
  await cluster.pass(10);
  expect(cluster.applied.slice(1).map(({ operation }) => operation)).toMatchObject([
    { type: "create", lease: lease.id },
    { type: "multi", ops: [{ type: "create", lease: lease.id }] },
  ]);
  await cluster.until(lease.revoke());
  expect(await errorOf(session.create("/c", "", { lease }))).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
});

test("what is no lease, no TTL or no stall is refused before it is sent", async () => {
  const cluster = new FakeCluster();
  const { session, lease } = await granted(cluster);
  const bad = [
    () => session.grant(499),
    () => session.grant(120_001),
    () => session.grant(ttlMs, { maxStallMs: 2_001 }),
    () => session.grant(ttlMs, { maxStallMs: -1 }),
    () => session.create("/a", "", { lease, ephemeral: true }),
    () => session.create("/a", "", { lease: "x" as never }),
    () => session.leases({ limit: 0 }),
    () => session.leases({ after: "x" }),
  ];
  for (const call of bad) {
    const error = await errorOf((async () => call())());
    expect(error).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  }
  expect(operations(cluster)).toEqual(["grant"]);
});
