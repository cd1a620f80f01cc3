import { expect, test } from "vitest";
import { World } from "./world.ts";

test("a registration is listed as far as its process knows: not once its lease has lapsed, again when the session goes on", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const registration = await world.until(a.coord.registry.register({ name: "web", address: "1" }));
  expect(registration.isListed).toBe(true);
  world.reset(a);
  await world.pass(500);
  expect(registration.isListed).toBe(true);
  await world.lapse(a);
  expect(await world.until(b.coord.registry.find("web"))).toHaveLength(1);
  expect(registration.isListed).toBe(false);
  world.heal(a);
  await world.pass(2_000);
  expect(await world.until(b.coord.registry.find("web"))).toHaveLength(1);
  expect([registration.isListed, registration.signal.aborted]).toEqual([true, false]);
});

test("whoever is cut off until it is gone knows that it may be, and hears of it once it reaches a server", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const registration = await world.until(a.coord.registry.register({ name: "web", address: "1" }));
  const membership = await world.until(a.coord.group("g").join());
  world.isolate(a);
  await world.pass(600_000);
  expect(await world.until(b.coord.registry.find("web"))).toEqual([]);
  expect(await world.until(b.coord.group("g").members())).toEqual([]);
  expect(registration.isListed).toBe(false);
  expect([registration.signal.aborted, membership.signal.aborted]).toEqual([false, false]);
  expect([a.session.state, a.session.lease.signal.aborted]).toEqual(["suspended", true]);
  world.heal(a);
  await world.pass(3_000);
  for (const { signal } of [registration, membership])
    expect(signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
});

test.each([
  [0, 0],
  [2_000, 15_000],
  [20_000, 20_000],
])(
  "whoever leaves and can tell nobody drains for %d ms all the same, then is over after %d ms",
  async (drainMs, overMs) => {
    const world = await World.start(3);
    const [a, b] = await world.three({ sessionTtlMs: 60_000 });
    const service = { name: "web", address: "1", drainMs };
    const registration = await world.until(a.coord.registry.register(service));
    world.isolate(a);
    const begunMs = world.kernel.nowMs;
    const left = registration.deregister().then(
      () => "left",
      ({ code }: { code: string }) => [code, Math.round(world.kernel.nowMs - begunMs)],
    );
    const over = world.firing(registration.signal);
    expect(await world.until(left)).toEqual(["ERR_FLOTILLA_TIMEOUT", 15_000 + drainMs]);
    expect(Math.round(over.atMs - begunMs)).toBe(overMs);
    expect(registration.isListed).toBe(false);
    world.heal(a);
    await world.pass(3_000);
    expect(await world.until(b.coord.registry.find("web", { states: ["draining", "passing"] }))).toEqual([]);
  },
);
