import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { CallOptions } from "../../src/client/index.ts";
import { leaseTimes } from "../../src/client/open-session.ts";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

function unreachable(count: number): FlotillaError[] {
  return Array.from({ length: count }, () => new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "nobody there"));
}

test("is named by 128 random bits and attaches with a secret of its own", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const other = await cluster.open();
  expect(session.id).toMatch(/^[0-9a-f]{32}$/u);
  expect(other.id).not.toBe(session.id);
  const [attach] = cluster.connections[0]?.of("attach") ?? [];
  expect(attach).toMatchObject({ session: session.id, attach: 1, ttlMs: 10_000, watches: [] });
  expect(attach?.secret.length).toBe(16);
  expect(session).toMatchObject({ state: "connected", ttlMs: 10_000, server: "a" });
});

test("tries servers until one takes it, at once within a round and with growing pauses between rounds", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b", "c"];
  cluster.refusals.push(...unreachable(30));
  const session = await cluster.open({ connectTimeoutMs: 60_000 });
  expect(session.state).toBe("connected");
  expect(cluster.dialed.slice(0, 6)).toEqual(["a", "b", "c", "a", "b", "c"]);
  expect(cluster.kernel.nowMs).toBeGreaterThan(500);
  expect(cluster.kernel.nowMs).toBeLessThan(15_000);
});

test("says UNREACHABLE when nobody answered the phone, and stops trying", async () => {
  const cluster = new FakeCluster();
  cluster.refusals.push(...unreachable(10_000));
  const error = await errorOf(cluster.open({ connectTimeoutMs: 2_000 }));
  expect(error).toMatchObject({
    code: "ERR_FLOTILLA_UNREACHABLE",
    message: "connect: no answer within 2000 ms: no server was reached: nobody there",
    cause: { message: "nobody there" },
  });
  const { length } = cluster.dialed;
  await cluster.pass(30_000);
  expect(cluster.dialed.length).toBe(length);
});

test("says NO_QUORUM when servers were there and none could open a session", async () => {
  const cluster = new FakeCluster();
  cluster.manners.attach = false;
  expect(await errorOf(cluster.open({ connectTimeoutMs: 3_000 }))).toMatchObject({
    code: "ERR_FLOTILLA_NO_QUORUM",
  });
  await cluster.pass(1);
  expect(cluster.connections.map(({ isOpen }) => isOpen)).not.toContain(true);
});

test("goes on to the next server when one says that it cannot serve", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  cluster.manners.attach = false;
  const opening = cluster.open();
  await Promise.resolve();
  cluster.host.clock.setTimer(10, () => {
    cluster.last.send({ type: "ended", code: "ERR_FLOTILLA_NO_QUORUM", message: "no leader" });
    cluster.manners.attach = true;
  });
  const session = await opening;
  expect(session.server).toBe("b");
});

test.each(["ERR_FLOTILLA_WRONG_CLUSTER", "ERR_FLOTILLA_WRONG_SECRET"] as const)(
  "fails with %s once every server was tried, not before",
  async (code) => {
    const cluster = new FakeCluster();
    cluster.servers = ["a", "b"];
    cluster.refusals.push(new FlotillaError(code, "no"));
    const session = await cluster.open();
    expect(session.server).toBe("b");

    const strangers = new FakeCluster();
    strangers.servers = ["a", "b"];
    strangers.refusals.push(new FlotillaError(code, "no"), ...unreachable(1));
    expect(await errorOf(strangers.open())).toMatchObject({ code });
    expect(strangers.dialed).toEqual(["a", "b"]);
    expect(strangers.kernel.nowMs).toBeLessThan(100);
  },
);

test("fails when a server says that the attach itself is wrong", async () => {
  const cluster = new FakeCluster();
  cluster.manners.attach = false;
  cluster.host.clock.setTimer(10, () =>
    cluster.last.send({ type: "ended", code: "ERR_FLOTILLA_BAD_ARGUMENT", message: "such a ttl" }),
  );
  expect(await errorOf(cluster.open())).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
    message: "such a ttl",
  });
});

test("an abort ends the opening", async () => {
  const cluster = new FakeCluster();
  cluster.manners.attach = false;
  const controller = new AbortController();
  cluster.host.clock.setTimer(500, () => controller.abort());
  expect(await errorOf(cluster.open({ signal: controller.signal }))).toMatchObject({
    code: "ERR_FLOTILLA_ABORTED",
  });
  await cluster.pass(1);
  expect(cluster.last.isOpen).toBe(false);
});

test("gives up a server that speaks something else, and reconnects", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.last.sendFrame(new Uint8Array([0xff, 0x00]));
  await cluster.pass(100);
  expect(cluster.connections.length).toBe(2);
  await cluster.until(session.put("/a", ""));
});

test("once lost, everything unanswered and everything new is rejected, ambiguous only if it was sent", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const states: string[] = [];
  session.onState((state) => states.push(`${state} ${session.lease.signal.aborted}`));
  Object.assign(cluster.manners, { answer: false, read: false, arm: false });
  const sent = [errorOf(session.put("/a", "")), errorOf(session.get("/a")), errorOf(session.watch("/a"))];
  await cluster.pass(1);
  cluster.manners.attach = false;
  cluster.last.close();
  await cluster.pass(100);
  const unsent = [errorOf(session.put("/b", "")), errorOf(session.get("/b"))];
  cluster.last.send({ type: "ended", code: "ERR_FLOTILLA_SESSION_EXPIRED", message: "it expired" });
  const errors = await cluster.until(Promise.all([...sent, ...unsent]));
  expect(errors.every(({ code }) => code === "ERR_FLOTILLA_SESSION_EXPIRED")).toBe(true);
  expect(errors.map(({ ambiguous }) => ambiguous)).toEqual([true, false, false, false, false]);
  expect(session.state).toBe("lost");
  expect(states).toEqual(["lost true"]);
  expect(session.signal.aborted).toBe(true);
  expect(() => session.lease.assert()).toThrow(FlotillaError);
  expect(await errorOf(session.put("/c", ""))).toMatchObject({
    code: "ERR_FLOTILLA_SESSION_EXPIRED",
    ambiguous: false,
  });
  const { length } = cluster.dialed;
  await cluster.until(session.close());
  await cluster.pass(10_000);
  expect(cluster.dialed.length).toBe(length);
  expect(session.state).toBe("lost");
});

test("never replaces a lost session by another in silence", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.last.close();
  await cluster.pass(1_000);
  expect(
    cluster.connections
      .slice(1)
      .flatMap((connection) => connection.of("attach"))
      .every(({ ttlMs }) => ttlMs === null),
  ).toBe(true);
  expect(session.state).toBe("connected");
});

test("a server that does not know what was acknowledged ends the session", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.until(session.put("/a", ""));
  cluster.lastSeq = 0;
  cluster.last.close();
  await cluster.pass(1_000);
  expect(session.state).toBe("lost");
});

test("close fires every signal, then ends the session through the log behind the writes before it", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { lease, signal } = session;
  const write = session.put("/a", "");
  const closing = session.close();
  expect([lease.signal.aborted, signal.aborted, session.state]).toEqual([true, true, "closed"]);
  expect(cluster.last.of("request").map(({ operation }) => operation.type)).not.toContain("close");
  expect(await errorOf(session.put("/b", ""))).toMatchObject({
    code: "ERR_FLOTILLA_CLOSED",
    ambiguous: false,
  });
  await cluster.until(Promise.all([write, closing, session.close()]));
  expect(cluster.applied.map(({ operation }) => operation.type)).toEqual(["put", "close"]);
  await cluster.pass(1);
  expect(cluster.last.isOpen).toBe(false);
  expect(cluster.kernel.nowMs).toBeLessThan(100);
});

test("a close that cannot be leaves the session open; one that is aborted already ends it here", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  for (const options of [{ timeoutMs: 0 }, { signal: {} as AbortSignal }, null as unknown as object])
    expect(await errorOf(session.close(options))).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect([session.state, session.signal.aborted]).toEqual(["connected", false]);
  await cluster.until(session.close({ signal: AbortSignal.abort() }));
  expect([session.state, session.signal.aborted]).toEqual(["closed", true]);
  expect(cluster.applied).toEqual([]);
});

test("a listener of the lease may still send a write, ahead of the close", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  session.lease.signal.addEventListener("abort", () => void session.delete("/held"));
  await cluster.until(session.close());
  expect(cluster.applied.map(({ operation }) => operation.type)).toEqual(["delete", "close"]);
});

test("close is bounded when nobody answers, and goes through when a server comes back in time", async () => {
  const silent = new FakeCluster();
  const first = await silent.open();
  silent.manners.apply = false;
  const write = errorOf(first.put("/a", ""));
  const before = silent.kernel.nowMs;
  await silent.until(first.close());
  expect(silent.kernel.nowMs - before).toBeCloseTo(2_000, 0);
  expect(await write).toMatchObject({ code: "ERR_FLOTILLA_CLOSED", ambiguous: true });

  const back = new FakeCluster();
  const second = await back.open();
  back.refusals.push(...unreachable(3));
  back.last.close();
  await back.pass(1);
  await back.until(second.close());
  expect(back.applied.map(({ operation }) => operation.type)).toEqual(["close"]);
});

test("whoever closes it once more waits no longer than it says itself, and as long as the first when it says nothing", async () => {
  const hurried: [CallOptions, number][] = [
    [{ timeoutMs: 500 }, 500],
    [{ signal: AbortSignal.abort() }, 0],
    [{ timeoutMs: 90_000 }, 60_000],
    [{}, 60_000],
  ];
  for (const [options, endsAfterMs] of hurried) {
    const cluster = new FakeCluster();
    const session = await cluster.open();
    cluster.manners.apply = false;
    const first = session.close({ timeoutMs: 60_000 });
    const before = cluster.kernel.nowMs;
    await cluster.until(Promise.all([first, session.close(options)]), 70_000);
    expect(cluster.kernel.nowMs - before).toBeCloseTo(endsAfterMs, 0);
    const { eventCount } = cluster.kernel;
    await cluster.pass(100_000);
    expect(cluster.kernel.eventCount - eventCount).toBeLessThan(10);
  }
});

test("nothing is believed again while the close waits for its answer", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open({ sessionTtlMs: 500 });
  cluster.manners.apply = false;
  void session.close();
  await cluster.pass(1_000);
  expect(cluster.last.of("renew").length).toBeGreaterThan(3);
  expect(session.lease.signal.aborted).toBe(true);
  expect(() => session.lease.assert()).toThrow(FlotillaError);
});

test("close is done when the session turns out to have ended, also behind a full window", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const all = Array.from({ length: 1_024 }, () => session.put("/a", "").catch(() => {}));
  const closing = session.close();
  await cluster.pass(1);
  cluster.last.send({ type: "ended", code: "ERR_FLOTILLA_SESSION_EXPIRED", message: "" });
  await cluster.until(Promise.all([closing, ...all]));
  expect(session.state).toBe("closed");
});

test("leaves no timer behind once closed", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.until(session.close());
  const { eventCount } = cluster.kernel;
  await cluster.pass(3_600_000);
  expect(cluster.kernel.eventCount - eventCount).toBeLessThan(10);
});

test("a listener of the state that throws or causes the next change disturbs nobody", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const states: string[] = [];
  session.onState((state) => {
    if (state === "suspended") void session.close();
    throw new Error("a mistake");
  });
  session.onState(() => Promise.reject(new Error("another mistake")));
  const stop = session.onState(() => states.push("stopped listening"));
  stop[Symbol.dispose]();
  session.onState((state) => states.push(state));
  cluster.manners.renew = false;
  await cluster.pass(10_000);
  expect(states).toEqual(["suspended", "closed"]);
});

test("checks the times of its lease", () => {
  expect(leaseTimes({})).toEqual({ ttlMs: 10_000, maxStallMs: 2_000 });
  for (const options of [
    { sessionTtlMs: 499 },
    { sessionTtlMs: 120_001 },
    { sessionTtlMs: 1_000.5 },
    { maxStallMs: 5_001 },
    { maxStallMs: -1 },
  ]) {
    expect(() => leaseTimes(options)).toThrow(FlotillaError);
  }
});
