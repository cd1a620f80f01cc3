import { expect, test } from "vitest";
import { collect, isPending, rejection, World } from "./world.ts";

test("a leader hands over to the candidate it names, past those with a higher priority, in one revision", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const old = await world.until(a.coord.election("x", { id: "a" }).campaign());
  const urgent = b.coord.election("x", { id: "b", priority: 9 }).campaign();
  await world.pass(100);
  const named = c.coord.election("x", { id: "c" }).campaign();
  await world.pass(100);
  const { items } = collect(b.coord.election("x").observe());
  await world.pass(100);
  const fired = world.firing(old.signal);
  await world.until(old.resign({ to: "c" }));
  const next = await world.until(named);
  expect(fired.atMs).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(next.epoch).toBeGreaterThan(old.epoch);
  await world.pass(1_000);
  expect(await isPending(urgent)).toBe(true);
  expect(items.map((leader) => leader?.id)).toEqual(["a", "c"]);
  await world.until(next.resign());
  expect((await world.until(urgent)).epoch).toBeGreaterThan(next.epoch);
});

test("who is named and does not wait is told, and the leader leads on", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const leadership = await world.until(a.coord.election("x", { id: "a" }).campaign());
  void b.coord
    .election("x", { id: "b" })
    .campaign()
    .catch(() => {});
  await world.pass(100);
  for (const to of ["nobody", "a"]) {
    expect(await world.until(rejection(leadership.resign({ to })))).toMatchObject({
      code: "ERR_FLOTILLA_NOT_FOUND",
    });
  }
  expect(leadership.signal.aborted).toBe(false);
  leadership.assert();
  await world.until(leadership.release());
  expect(await world.until(rejection(leadership.resign({ to: "b" })))).toMatchObject({
    code: "ERR_FLOTILLA_LOST",
  });
});

test("whatever becomes of the one that is named, somebody in line is elected", async () => {
  for (let step = 0; step < 40; step += 1) {
    const world = await World.start(1, `heir ${step}`);
    const [a, b, c] = await world.three();
    const old = await world.until(a.coord.election("x").campaign());
    const leaving = new AbortController();
    const named = b.coord.election("x", { id: "b" }).campaign({ signal: leaving.signal });
    named.catch(() => {});
    await world.pass(50);
    const behind = c.coord.election("x", { id: "c" }).campaign();
    await world.pass(50);
    const resigning = old.resign({ to: "b" }).catch(() => old.release());
    await world.events(step);
    leaving.abort();
    await world.until(resigning);
    await world.until(
      Promise.race([named.then((leadership) => leadership.release()), behind]).catch(() => {}),
    );
    expect((await world.until(behind)).epoch).toBeGreaterThan(old.epoch);
  }
}, 60_000);

test("an operator has the leader give up by itself: its signal first, then the next one leads", async () => {
  const world = await World.start(3);
  const [a, b, operator] = await world.three();
  const election = operator.coord.election("x");
  expect(await world.until(election.evict())).toBe(null);
  const old = await world.until(a.coord.election("x", { id: "a" }).campaign());
  const campaign = b.coord.election("x", { id: "b" }).campaign();
  await world.pass(100);
  const fired = world.firing(old.signal);
  expect(await world.until(election.evict())).toBe("a");
  const next = await world.until(campaign);
  expect(fired.atMs).toBeLessThan(world.kernel.nowMs);
  expect(old.signal.reason).toMatchObject({
    code: "ERR_FLOTILLA_LOST",
    message: expect.stringMatching(/evicted/),
  });
  expect(await world.until(election.leader())).toMatchObject({ id: "b", epoch: next.epoch });
  await world.pass(1_000);
  expect(await world.until(operator.session.children("/election/x/asked"))).toBe(null);
});

test("an eviction that comes at the very moment of the grant is heard", async () => {
  for (let step = 0; step < 30; step += 1) {
    const world = await World.start(1, `evict ${step}`);
    const [a, b] = await world.three();
    const campaign = a.coord.election("x", { id: "a" }).campaign();
    await world.events(step);
    const evicting = b.coord.election("x").evict();
    const [evicted, leadership] = await world.until(Promise.all([evicting, campaign]));
    if (evicted === null) continue;
    expect(leadership.signal.aborted).toBe(true);
  }
}, 60_000);

test("a leader that hangs is evicted by force: fenced at once, told late", async () => {
  const world = await World.start(3);
  const [a, b, operator] = await world.three();
  const old = await world.until(a.coord.election("x", { id: "a" }).campaign());
  const campaign = b.coord.election("x", { id: "b" }).campaign();
  await world.pass(100);
  world.isolate(a);
  const election = operator.coord.election("x");
  expect(await world.until(rejection(election.evict({ timeoutMs: 300 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
  });
  expect(await world.until(election.evict({ force: true }))).toBe("a");
  const next = await world.until(campaign);
  expect(next.epoch).toBeGreaterThan(old.epoch);
  world.heal(a);
  const late = rejection(a.session.put("/late", "", { fence: old.fence }));
  expect(await world.until(late)).toMatchObject({ code: "ERR_FLOTILLA_FENCED" });
  await world.pass(1_000);
  expect(old.signal.aborted).toBe(true);
});

test("a session that is closed in order leaves no gap: the signal fires, and the next one leads in one revision", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const [first, second] = await world.line([a, b]);
  const old = await world.until(first ?? Promise.reject(new Error("nobody")));
  const { items } = collect(c.coord.election("x").observe());
  await world.pass(100);
  const fired = world.firing(old.signal);
  await world.until(a.coord.close());
  const next = await world.until(second ?? Promise.reject(new Error("nobody")));
  expect(fired.atMs).toBeLessThanOrEqual(world.kernel.nowMs);
  await world.pass(100);
  expect(items.map((leader) => leader?.epoch)).toEqual([old.epoch, next.epoch]);
});

test("whoever closes its session while it leads is not elected anew", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  let led = 0;
  const running = rejection(
    coord.election("x").run(({ signal }) => {
      led += 1;
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    }),
  );
  await world.pass(100);
  await world.until(coord.close());
  expect(await world.until(running)).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
  expect(led).toBe(1);
});

test("a member that is closed hands over what its sessions hold before they end", async () => {
  const world = await World.start(3);
  const a = await world.client();
  const { items } = collect(a.coord.election("x").observe());
  const member = world.cluster.node("n2");
  await world.until(member.election("x", { id: "n2" }).campaign());
  const campaign = a.coord.election("x", { id: "a" }).campaign();
  await world.pass(100);
  await world.until(member.close());
  await world.until(campaign);
  await world.pass(500);
  expect(items.map((leader) => leader?.id)).toEqual([undefined, "n2", "a"]);
});

test("a close without a server does not wait for what cannot be given back", async () => {
  const world = await World.start();
  const a = await world.client();
  const leadership = await world.until(a.coord.election("x").campaign());
  world.isolate(a);
  await world.pass(1_500);
  const before = world.kernel.nowMs;
  await world.until(a.coord.close());
  expect(leadership.signal.aborted).toBe(true);
  // What the end of the session itself is given.
  expect(world.kernel.nowMs - before).toBeLessThan(2_001);
});

test("a name that nobody uses any more leaves nothing behind", async () => {
  const world = await World.start(3);
  const { coord, session } = await world.client();
  const leadership = await world.until(coord.election("x").campaign());
  const lock = await world.until(coord.lock("l").acquire());
  await world.until(coord.lock("l").askBack());
  await world.pass(20_000);
  leadership.assert();
  lock.assert();
  await world.until(leadership.release());
  await world.until(lock.release());
  await world.pass(20_000);
  expect(await world.until(session.children("/election"))).toMatchObject({ names: [] });
  expect(await world.until(session.children("/lock"))).toMatchObject({ names: [] });
  const again = await world.until(coord.election("x").campaign());
  expect(again.epoch).toBeGreaterThan(leadership.epoch);
});
