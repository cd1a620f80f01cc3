import { expect, test } from "vitest";
import type { Session, SessionLease } from "../../src/client/api.ts";
import { createElection } from "../../src/recipes/election.ts";
import { collect, isPending, rejection, World } from "./world.ts";

const ttlMs = 2_000;

test("a holder's process that dies is replaced after its time to live, and not before", async () => {
  for (const seed of ["death 1", "death 2", "death 3"]) {
    const world = await World.start(3, seed);
    const [a, b] = await world.three({ sessionTtlMs: ttlMs });
    const old = await world.until(a.coord.election("x").campaign());
    const next = b.coord.election("x").campaign();
    await world.pass(3_000 + Number(seed.at(-1)) * 170);
    const diedAtMs = world.kernel.nowMs;
    world.kernel.node(a.machine).crash();
    const leadership = await world.until(next);
    const tookMs = world.kernel.nowMs - diedAtMs;
    // The last renewal was sent at most a quarter of the time to live before.
    expect(tookMs).toBeGreaterThan(ttlMs * 1.02 - ttlMs / 4 - 10);
    expect(tookMs).toBeLessThan(ttlMs * 1.02 + 300);
    expect(leadership.epoch).toBeGreaterThan(old.epoch);
  }
}, 60_000);

test("a session that is closed is replaced at once, and its signal fires first", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 60_000 });
  const old = await world.until(a.coord.election("x").campaign());
  const next = b.coord.election("x").campaign();
  await world.pass(1_000);
  const closedAtMs = world.kernel.nowMs;
  const closing = a.coord.close();
  expect(old.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  await world.until(next);
  expect(world.kernel.nowMs - closedAtMs).toBeLessThan(100);
  await world.until(closing);
  await world.until(old.release());
});

test("the signal of a holder that is cut off fires before the next epoch is granted", async () => {
  for (let k = 0; k < 8; k += 1) {
    const world = await World.start(3, `cut ${k}`);
    const [a, b] = await world.three({ sessionTtlMs: ttlMs });
    world.kernel.node(a.machine).clock.setRate(k % 2 === 0 ? 0.98 : 1.02);
    for (const id of world.cluster.ids) world.kernel.node(id).clock.setRate(k % 4 < 2 ? 1.02 : 0.98);
    const old = await world.until(a.coord.election("x").campaign());
    const fired = world.firing(old.signal);
    const next = b.coord.election("x").campaign();
    await world.pass(2_000 + k * 90);
    world.isolate(a);
    const leadership = await world.until(next);
    expect(fired.atMs).toBeLessThan(world.kernel.nowMs);
    expect(leadership.epoch).toBeGreaterThan(old.epoch);
    world.heal(a);
    await world.pass(3_000);
    expect(a.session.state).toBe("lost");
  }
}, 60_000);

test("a holder that was stopped for too long knows so by assert before any timer ran", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: ttlMs });
  const old = await world.until(a.coord.election("x").campaign());
  const next = b.coord.election("x").campaign();
  await world.pass(1_000);
  world.kernel.node(a.machine).pause();
  await world.until(next);
  expect(old.signal.aborted).toBe(false);
  expect(old.expiresIn).toBeLessThanOrEqual(0);
  expect(() => old.assert()).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_LOST" }));
  expect(old.signal.aborted).toBe(true);
});

test("a lapse the session survives ends the holding for good, and gives the place back", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 10_000 });
  const old = await world.until(a.coord.election("x", { id: "a" }).campaign());
  const fired = world.firing(old.signal);
  const next = b.coord.election("x", { id: "b" }).campaign();
  await world.lapse(a);
  expect(fired.atMs).toBeLessThan(world.kernel.nowMs);
  expect(await isPending(next)).toBe(true);
  world.heal(a);
  const leadership = await world.until(next, 3_000);
  expect(a.session.state).toBe("connected");
  expect(leadership.epoch).toBeGreaterThan(old.epoch);
  await world.pass(5_000);
  expect(a.session.lease.expiresIn).toBeGreaterThan(0);
  expect(old.signal.aborted).toBe(true);
  expect(old.expiresIn).toBeLessThanOrEqual(0);
  expect(() => old.assert()).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_LOST" }));
  expect((await world.remains(b)).line).toHaveLength(1);
});

test("whoever is granted while its lease had lapsed does not believe it, gives it back and waits in line again", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 10_000 });
  const holder = await world.until(a.coord.election("x", { id: "a" }).campaign());
  const campaign = b.coord.election("x", { id: "b" }).campaign();
  await world.lapse(b);
  expect(b.session.lease.signal.aborted).toBe(true);
  await world.until(holder.release());
  world.heal(b);
  const leadership = await world.until(campaign, 3_000);
  expect(leadership.signal.aborted).toBe(false);
  leadership.assert();
  expect(await world.until(a.coord.election("x").leader())).toMatchObject({ epoch: leadership.epoch });
  expect((await world.remains(a)).line).toHaveLength(1);
});

/** A session whose lease is what a test says, whatever it is in truth. */
function withLease(session: Session, lease: () => SessionLease): Session {
  return new Proxy(session, {
    get: (target, key) => {
      if (key === "lease") return lease();
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function refuse(): never {
  throw new Error("the lease is over");
}

const lapsed = { signal: AbortSignal.abort(new Error("lapsed")), expiresIn: -1, assert: refuse };
const late = { signal: new AbortController().signal, expiresIn: 0, assert: refuse };

test.each([
  ["lapsed", lapsed],
  ["over although no timer ran yet", late],
])(
  "a grant seen when the lease is %s goes to the next in line, and the campaign back to its end",
  async (_, over) => {
    const world = await World.start();
    const [a, b, c] = await world.three();
    const holder = await world.until(a.coord.election("x").campaign());
    let isOver = true;
    const session = withLease(b.session, () => (isOver ? over : b.session.lease));
    const campaign = createElection(session, "x", {}).campaign();
    await world.pass(100);
    const next = c.coord.election("x").campaign();
    await world.pass(100);
    await world.until(holder.release());
    const second = await world.until(next);
    isOver = false;
    await world.pass(1_000);
    expect(await isPending(campaign)).toBe(true);
    await world.until(second.release());
    const third = await world.until(campaign);
    third.assert();
    expect(third.epoch).toBeGreaterThan(second.epoch);
    expect((await world.remains(a)).line).toHaveLength(1);
  },
);

test("a majority that is gone for long ends no campaign, no observation and no run", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three({ sessionTtlMs: 120_000 });
  const holder = await world.until(a.coord.election("x", { id: "a" }).campaign());
  const campaign = b.coord.election("x", { id: "b" }).campaign();
  const { items } = collect(c.coord.election("x").observe());
  await world.pass(500);
  world.cluster.kernel.node("n1").crash();
  world.cluster.kernel.node("n2").crash();
  const late = c.coord.election("y", { id: "c" }).campaign();
  const lateObserved = collect(b.coord.election("x").observe());
  const release = rejection(holder.release({ timeoutMs: 5_000 }));
  await world.pass(50_000);
  expect(await release).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect(await isPending(campaign)).toBe(true);
  expect(await isPending(late)).toBe(true);
  await world.cluster.until(world.cluster.restart("n1"));
  await world.until(campaign);
  await world.until(late);
  await world.pass(1_000);
  expect(items.map((item) => item?.id)).toEqual(["a", "b"]);
  expect(lateObserved.items.at(-1)).toMatchObject({ id: "b" });
});

test("an abort or a timeout ends a campaign at once, by its own code, and takes it out of the line", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three({ sessionTtlMs: 60_000 });
  const holder = await world.until(a.coord.election("x").campaign());
  const controller = new AbortController();
  const aborted = rejection(b.coord.election("x").campaign({ signal: controller.signal }));
  const timedOut = rejection(c.coord.election("x").campaign({ timeoutMs: 1_000 }));
  await world.pass(500);
  expect((await world.remains(a)).line).toHaveLength(3);
  controller.abort(new Error("enough"));
  expect(await aborted).toMatchObject({ code: "ERR_FLOTILLA_ABORTED", cause: controller.signal.reason });
  await world.pass(600);
  expect(await timedOut).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect((await world.remains(a)).line).toHaveLength(1);
  expect(holder.signal.aborted).toBe(false);
  const early = rejection(b.coord.election("x").campaign({ signal: controller.signal }));
  expect(await early).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
});

test("an abort is heard while nobody can be reached, and the place is given up once somebody can", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 60_000 });
  const holder = await world.until(a.coord.election("x").campaign());
  const controller = new AbortController();
  const waiting = rejection(b.coord.election("x").campaign({ signal: controller.signal }));
  await world.pass(500);
  world.isolate(b);
  const unarmed = rejection(b.coord.election("y").campaign({ signal: controller.signal }));
  await world.pass(500);
  controller.abort();
  expect(await waiting).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  expect(await unarmed).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  expect((await world.remains(a)).line).toHaveLength(2);
  world.heal(b);
  await world.pass(5_000);
  expect((await world.remains(a)).line).toHaveLength(1);
  expect((await world.remains(a, "y")).line).toHaveLength(0);
  holder.assert();
});

test("a campaign whose place in line is deleted rejects, and one whose session ends rejects as the session did", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const holder = await world.until(a.coord.election("x").campaign());
  const [evicted, closed] = await world.line([b, c]);
  const { line } = await world.remains(a);
  const place = line.find((name) => name.startsWith(b.session.id));
  await world.until(a.session.delete(`/election/x/line/${place ?? ""}`, { force: true }));
  expect(await world.until(rejection(evicted ?? Promise.resolve()))).toMatchObject({
    code: "ERR_FLOTILLA_LOST",
  });
  await world.until(c.coord.close());
  expect(await world.until(rejection(closed ?? Promise.resolve()))).toMatchObject({
    code: "ERR_FLOTILLA_CLOSED",
  });
  expect((await world.remains(a)).line).toHaveLength(1);
  holder.assert();
});

test("a place that is taken away in the turn in which it is granted is handed out to nobody", async () => {
  const ends = [];
  for (let events = 1; events <= 30; events += 1) ends.push(await endOfSecond(events));
  expect(ends).not.toContain("over");
  expect(new Set(ends)).toEqual(new Set(["rejected", "held"]));
});

/** What a campaign comes to when its place is taken away so many events after the one before began to release. */
async function endOfSecond(events: number): Promise<string> {
  const world = await World.start();
  const [a, b] = await world.three();
  const [first, second] = await world.line([a, b]);
  if (first === undefined || second === undefined) throw new Error("no campaigns");
  const leadership = await world.until(first);
  const place = (await world.remains(a)).line.find((name) => name.startsWith(b.session.id));
  let end = "waiting";
  void second.then(
    ({ signal }) => (end = signal.aborted ? "over" : "held"),
    () => (end = "rejected"),
  );
  const releasing = leadership.release();
  await world.events(events);
  const taking = a.session.delete(`/election/x/line/${place ?? ""}`, { force: true });
  await world.until(Promise.all([releasing, taking.catch(() => {})]));
  await world.pass(1_000);
  return end;
}
