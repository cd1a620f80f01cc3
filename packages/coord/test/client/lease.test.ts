import { expect, test } from "vitest";
import type { SessionLease } from "../../src/client/api.ts";
import { hex } from "../../src/client/hex.ts";
import { LeasePeriod, renewalMs } from "../../src/client/lease-period.ts";
import { errorOf, FakeCluster } from "./fake-cluster.ts";
import type { Of } from "./fake-cluster.ts";

/** TTL 10,000: believed 9,800, signalled at 7,800. */
const believedMs = 9_800;
const signalledMs = 7_800;

function renewals(cluster: FakeCluster): Of<"renew">[] {
  return cluster.connections.flatMap((connection) => connection.of("renew"));
}

function isLost(lease: SessionLease): boolean {
  try {
    lease.assert();
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
    return true;
  }
}

/** Runs within the client's process after a delay, as a timer that was set before all others due then. */
async function within(cluster: FakeCluster, delayMs: number, fn: () => void): Promise<void> {
  let hasRun = false;
  cluster.host.clock.setTimer(delayMs, () => {
    fn();
    hasRun = true;
  });
  await cluster.kernel.run({ until: () => hasRun });
}

test("belief starts at the first send of the attach that opened the session", async () => {
  const cluster = new FakeCluster();
  Object.assign(cluster.manners, { attach: false, renew: false });
  const opening = cluster.open();
  let sentAt = 0;
  cluster.host.clock.setTimer(1_500, () => {
    const attach = cluster.last.of("attach")[0];
    if (attach !== undefined) cluster.attach(cluster.last, attach);
  });
  sentAt = cluster.host.clock.now();
  const session = await opening;
  expect(session.lease.expiresIn).toBeCloseTo(sentAt + believedMs - cluster.host.clock.now(), 0);
  expect(session.lease.expiresIn).toBeLessThan(believedMs - 1_400);
});

test("belief counts from the attach that opened the session: those before name others, which nobody believes in", async () => {
  const cluster = new FakeCluster();
  Object.assign(cluster.manners, { attach: false, renew: false });
  const opening = cluster.open();
  let sentAt = 0;
  cluster.host.clock.setTimer(3_000, () => {
    cluster.manners.attach = true;
    sentAt = cluster.host.clock.now();
    cluster.last.close();
  });
  const session = await opening;
  const attaches = cluster.connections.flatMap((connection) => connection.of("attach"));
  expect(attaches.length).toBeGreaterThan(1);
  expect(attaches).toMatchObject(attaches.map(() => ({ attach: 1, ttlMs: 10_000 })));
  expect(new Set(attaches.map((attach) => attach.session)).size).toBe(attaches.length);
  expect(new Set(attaches.map(({ secret }) => hex(secret))).size).toBe(attaches.length);
  expect(session.id).toBe(attaches.at(-1)?.session);
  expect(session.lease.expiresIn).toBeLessThanOrEqual(believedMs);
  expect(session.lease.expiresIn).toBeGreaterThan(sentAt + believedMs - cluster.host.clock.now() - 100);
});

test("renews at once and every third of the TTL, under growing numbers", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.pass(13_400);
  expect(renewals(cluster).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  expect(renewals(cluster)[0]?.leases).toEqual([session.leaseId]);
  expect(session.lease.expiresIn).toBeGreaterThan(believedMs - 3_400);
});

test.each([
  ["a third", { ttlMs: 10_000, maxStallMs: 2_000 }, 10_000 / 3],
  ["a third of any length", { ttlMs: 600_000, maxStallMs: 300_000 }, 200_000],
  ["what leaves three seconds for another leader", { ttlMs: 7_000, maxStallMs: 1_860 }, 2_000],
  ["a quarter at least", { ttlMs: 5_000, maxStallMs: 1_000 }, 1_250],
  ["a quarter where a stall takes the rest", { ttlMs: 10_000, maxStallMs: 5_000 }, 2_500],
])("renews after %s", (_name, times, everyMs) => {
  expect(renewalMs(times)).toBeCloseTo(everyMs, 6);
});

test("an acknowledgement counts from the send of its renewal, however late it comes", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.pass(3_230);
  cluster.manners.renew = false;
  await cluster.pass(200);
  const before = session.lease.expiresIn;
  await cluster.pass(1_800);
  cluster.last.send({ type: "renewed", number: 2, refused: [] });
  await cluster.pass(1);
  // Sent a third of the TTL after the first; some 1,900 ms ago by now.
  expect(session.lease.expiresIn).toBeGreaterThan(believedMs - 2_000);
  expect(session.lease.expiresIn).toBeLessThan(believedMs - 1_850);
  expect(before).toBeLessThan(believedMs - 3_333);
});

test("an acknowledgement of an older renewal, an unknown one or a repeat moves nothing", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.renew = false;
  await cluster.pass(6_700);
  cluster.last.send({ type: "renewed", number: 3, refused: [] });
  await cluster.pass(1);
  const ends = session.lease.expiresIn + cluster.host.clock.now();
  for (const number of [2, 3, 99]) cluster.last.send({ type: "renewed", number, refused: [] });
  await cluster.pass(1);
  expect(session.lease.expiresIn + cluster.host.clock.now()).toBeCloseTo(ends, 6);
});

test("an acknowledgement does not count on another connection than its renewal's", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.renew = false;
  await cluster.pass(3_400);
  cluster.last.close();
  await cluster.pass(100);
  const ends = session.lease.expiresIn + cluster.host.clock.now();
  cluster.last.send({ type: "renewed", number: 2, refused: [] });
  await cluster.pass(1);
  expect(session.lease.expiresIn + cluster.host.clock.now()).toBeCloseTo(ends, 6);
});

test("neither writes nor reads nor attaches renew: the signal fires TTL × 0.98 − maxStallMs after the last confirmed send", async () => {
  const cluster = new FakeCluster();
  cluster.manners.renew = false;
  const sentAt = cluster.host.clock.now();
  const session = await cluster.open();
  const { lease } = session;
  let firedAt = 0;
  lease.signal.addEventListener("abort", () => {
    firedAt = cluster.host.clock.now();
  });
  for (let i = 0; i < 10; i += 1) {
    await cluster.until(Promise.all([session.put("/a", ""), session.get("/a")]));
    if (i === 5) cluster.last.close();
    await cluster.pass(700);
  }
  expect(lease.signal.aborted).toBe(false);
  expect(isLost(lease)).toBe(false);
  await cluster.pass(1_000);
  expect(firedAt - sentAt).toBeGreaterThanOrEqual(signalledMs);
  expect(firedAt - sentAt).toBeLessThan(signalledMs + 10);
  expect(isLost(lease)).toBe(true);
  expect(lease.expiresIn).toBeLessThanOrEqual(0);
  expect(lease.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
});

test("a lapse is final: the next confirmation starts another period", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const first = session.lease;
  cluster.manners.renew = false;
  await cluster.pass(9_000);
  expect(first.signal.aborted).toBe(true);
  expect(session.lease).toBe(first);
  expect(session.state).toBe("suspended");
  cluster.manners.renew = true;
  await cluster.pass(3_000);
  expect(isLost(first)).toBe(true);
  expect(session.lease).not.toBe(first);
  expect(isLost(session.lease)).toBe(false);
  expect(session.lease.expiresIn).toBeGreaterThan(5_000);
  expect(session.state).toBe("connected");
});

test("right after a blocked event loop, before any timer, assert judges by the clock", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { lease } = session;
  await cluster.pass(100);
  const seen: unknown[] = [];
  cluster.node.stall(9_000);
  await within(cluster, 1, () => seen.push(lease.signal.aborted, isLost(lease), lease.expiresIn > 0));
  expect(seen).toEqual([false, false, true]);
  await cluster.pass(3_000);
  expect(lease.signal.aborted).toBe(true);

  const second = session.lease;
  expect(isLost(second)).toBe(false);
  cluster.node.stall(10_000);
  await within(cluster, 1, () => seen.push(isLost(second), second.expiresIn > 0, second.signal.aborted));
  expect(seen.slice(3)).toEqual([true, false, true]);
});

test("an acknowledgement that was waiting behind a long stall revives nothing", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { lease } = session;
  await cluster.pass(2_499);
  cluster.node.stall(12_000);
  await cluster.pass(12_100);
  expect(lease.signal.aborted).toBe(true);
  expect(session.lease).not.toBe(lease);
});

test("wall time that runs ahead of the monotonic clock forfeits, in small steps and backwards it does not", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { lease } = session;
  cluster.node.clock.jumpWall(-60_000);
  await cluster.pass(5_000);
  cluster.node.clock.jumpWall(190);
  await cluster.pass(5_000);
  expect(isLost(lease)).toBe(false);
  cluster.node.clock.jumpWall(210);
  expect(lease.expiresIn).toBeLessThanOrEqual(0);
  expect(isLost(lease)).toBe(true);
  expect(lease.signal.aborted).toBe(true);
  await cluster.pass(3_000);
  expect(isLost(session.lease)).toBe(false);
});

test("a machine that was suspended finds its lease forfeited, although its clock stood still", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { lease } = session;
  await cluster.pass(1_000);
  cluster.node.clock.suspend();
  await cluster.pass(30_000);
  cluster.node.clock.wake();
  expect(isLost(lease)).toBe(true);
});

test("judges by its own clock at the edges of the drift bound", async () => {
  for (const rate of [0.98, 1.02]) {
    const cluster = new FakeCluster();
    cluster.node.clock.setRate(rate);
    const session = await cluster.open();
    const { lease } = session;
    await cluster.pass(20_000);
    expect(isLost(lease)).toBe(false);
    cluster.manners.renew = false;
    const since = cluster.kernel.nowMs;
    await cluster.kernel.run({ until: () => lease.signal.aborted });
    // True time since the last confirmation is within the leader's TTL × 1.02 in any case.
    expect(cluster.kernel.nowMs - since).toBeLessThan(10_000);
  }
});

test("suspended after half a TTL without a confirmation, connected with the next one", async () => {
  const cluster = new FakeCluster();
  const states: string[] = [];
  const session = await cluster.open();
  session.onState((state) => states.push(`${state} ${Math.round(session.lease.expiresIn / 100)}`));
  cluster.manners.renew = false;
  await cluster.pass(6_000);
  expect(states).toEqual(["suspended 48"]);
  cluster.manners.renew = true;
  await cluster.pass(2_500);
  expect(states).toHaveLength(2);
  expect(states[1]).toMatch(/^connected/u);
});

test("a period never moves back, nor on once it is over, also when no timer said so", () => {
  let now = 0;
  const clock = {
    now: () => now,
    wallNow: () => now,
    setTimer: () => ({ cancel: () => {} }),
    defer: () => {},
  };
  const period = new LeasePeriod(clock, { ttlMs: 1_000, maxStallMs: 200 }, { now: 0, wall: 0 });
  now = 900;
  expect(period.extend({ now: -500, wall: -500 })).toBe(true);
  expect(period.since).toEqual({ now: 0, wall: 0 });
  expect(period.extend({ now: 100, wall: 100 })).toBe(true);
  now = 1_080;
  expect(period.extend({ now: 1_000, wall: 1_000 })).toBe(false);
  expect(period.signal.aborted).toBe(true);
});

test("a short loss of the connection changes no state", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const states: string[] = [];
  session.onState((state) => states.push(state));
  cluster.last.close();
  await cluster.pass(1);
  expect(session.server).toBe(null);
  await cluster.pass(5_000);
  expect(session.server).toBe("a");
  expect(states).toEqual([]);
});

test("goes to another server after a fifth of the TTL of silence", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  const session = await cluster.open();
  await cluster.pass(1_000);
  Object.assign(cluster.manners, { pong: false, renew: false, attach: false });
  await cluster.pass(2_330);
  expect(cluster.connections.length).toBe(1);
  cluster.manners.attach = true;
  await cluster.pass(3_000);
  expect(session.server).toBe("b");
});

test("asks a server that owes no answer for renewals alone, and stays while it answers", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  await cluster.open();
  await cluster.pass(60_000);
  expect(cluster.connections.length).toBe(1);
  expect(cluster.last.of("ping")).toEqual([]);
});

test("pings a server that owes an answer, and stays while it answers that", async () => {
  const cluster = new FakeCluster();
  await cluster.open();
  cluster.manners.renew = false;
  await cluster.pass(9_000);
  expect(cluster.connections.length).toBe(1);
  expect(cluster.last.of("ping").length).toBeGreaterThan(2);
});

test("leaves a dead connection within three fifths of the TTL, also that to the only server", async () => {
  const cluster = new FakeCluster();
  await cluster.open();
  await cluster.pass(1_000);
  Object.assign(cluster.manners, { pong: false, renew: false });
  await cluster.pass(6_000);
  expect(cluster.connections.length).toBe(2);
});

test("goes to another server when renewals do not get through, but not when there is none", async () => {
  for (const servers of [["a", "b"], ["a"]]) {
    const cluster = new FakeCluster();
    cluster.servers = servers;
    await cluster.open();
    await cluster.pass(1_000);
    cluster.manners.renew = false;
    await cluster.pass(5_300);
    expect(new Set(cluster.connections.map(({ server }) => server)).size).toBe(servers.length);
    expect(cluster.connections.length).toBe(servers.length);
  }
});

test("does not take a stall of its own for silence of the server", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  await cluster.open();
  for (let i = 0; i < 10; i += 1) {
    await cluster.pass(1_234);
    cluster.node.stall(3_456);
    await cluster.pass(3_456);
  }
  expect(cluster.connections.length).toBe(1);
});

test("doubles its patience with servers that do not answer the attach", async () => {
  const cluster = new FakeCluster();
  cluster.manners.attach = false;
  const at: number[] = [];
  const opening = errorOf(cluster.open({ connectTimeoutMs: 40_000, sessionTtlMs: 500 }));
  let known = 0;
  cluster.kernel.onAfterEvent(() => {
    if (cluster.connections.length === known) return;
    known = cluster.connections.length;
    at.push(cluster.kernel.nowMs);
  });
  await opening;
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
  expect(gaps[0]).toBeLessThan(200);
  expect(gaps[4]).toBeGreaterThan(1_500);
  expect(Math.max(...gaps)).toBeLessThan(10_200);
});
