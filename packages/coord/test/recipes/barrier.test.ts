import { expect, test } from "vitest";
import { isPending, rejection, World } from "./world.ts";

test("whoever waits passes when the barrier is lifted, whoever set it", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const barrier = a.coord.barrier("x");
  await world.until(c.coord.barrier("x").wait());
  expect(await world.until(barrier.set())).toBe(true);
  expect(await world.until(b.coord.barrier("x").set())).toBe(false);
  expect(await world.until(c.coord.barrier("x").isSet())).toBe(true);
  const waits = [a, b, c].map(({ coord }) => coord.barrier("x").wait());
  await world.pass(1_000);
  for (const wait of waits) expect(await isPending(wait)).toBe(true);
  expect(await world.until(c.coord.barrier("x").lift())).toBe(true);
  await world.until(Promise.all(waits));
  expect(await world.until(barrier.lift())).toBe(false);
  expect(await world.until(barrier.isSet())).toBe(false);
});

test("a barrier that is set again right after it was lifted lets those pass who waited before", async () => {
  for (let events = 0; events < 40; events += 2) {
    const world = await World.start(1, `again ${events}`);
    const [a, b] = await world.three();
    await world.until(a.coord.barrier("x").set());
    const waiting = b.coord.barrier("x").wait();
    await world.pass(100);
    void a.coord.barrier("x").lift();
    void a.coord.barrier("x").set();
    await world.events(events);
    world.reset(b);
    await world.until(waiting);
    expect(await world.until(b.coord.barrier("x").isSet())).toBe(true);
  }
}, 60_000);

test("a lift during an absence is heard of, also when it can no longer be told by itself", async () => {
  const world = await World.start(1, "forgetful", { historyEvents: 5 });
  const [a, b] = await world.three({ sessionTtlMs: 20_000 });
  await world.until(a.coord.barrier("x").set());
  const waiting = b.coord.barrier("x").wait();
  await world.pass(100);
  world.isolate(b);
  await world.pass(12_000);
  await world.until(a.coord.barrier("x").lift());
  await world.until(a.coord.barrier("x").set());
  for (let n = 0; n < 20; n += 1) await world.until(a.session.put("/noise", String(n)));
  expect(await isPending(waiting)).toBe(true);
  world.heal(b);
  await world.until(waiting);
});

test("an ephemeral barrier is lifted with the session that set it, another stays", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  await world.until(a.coord.barrier("mine").set({ ephemeral: true }));
  await world.until(a.coord.barrier("ours").set());
  const waits = ["mine", "ours"].map((name) => b.coord.barrier(name).wait());
  await world.pass(100);
  world.kernel.node(a.machine).crash();
  await world.until(waits[0] ?? Promise.reject(new Error("nobody waits")));
  expect(await isPending(waits[1] ?? Promise.resolve())).toBe(true);
});

test("a wait ends with its time, its signal and its session", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const barrier = a.coord.barrier("x");
  await world.until(barrier.set());
  expect(await world.until(rejection(barrier.wait({ timeoutMs: 300 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
  });
  const stop = new AbortController();
  const aborted = rejection(barrier.wait({ signal: stop.signal }));
  await world.pass(100);
  stop.abort();
  expect(await world.until(aborted, 50)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  const closed = rejection(b.coord.barrier("x").wait());
  await world.pass(100);
  await world.until(b.coord.close());
  expect(await closed).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
  const lost = rejection(barrier.wait());
  await world.pass(100);
  world.isolate(a);
  await world.pass(5_000);
  world.heal(a);
  expect(await world.until(lost)).toMatchObject({ code: "ERR_FLOTILLA_SESSION_EXPIRED" });
});
