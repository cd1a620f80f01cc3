import fc from "fast-check";
import { expect, test } from "vitest";
import type { Health } from "../../src/recipes/registry/api.ts";
import { judge, type Judgement, unjudged } from "../../src/recipes/registry/health.ts";
import { allStates, Checked, Program } from "./checked.ts";
import { collect, rejection, World } from "./world.ts";

test("what leads into or out of critical has to repeat; the first answer decides alone", () => {
  const answer = fc.constantFrom<Health>("passing", "warning", "critical");
  const count = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1 }), count, count, (answers, rise, fall) => {
      let judgement: Judgement = unjudged;
      for (const [at, given] of answers.entries()) {
        const before = judgement.health;
        judgement = judge(judgement, given, { rise, fall });
        const isBad = given === "critical";
        const needed = at === 0 ? 1 : isBad ? fall : rise;
        const recent = answers.slice(Math.max(0, at + 1 - needed), at + 1);
        const isSettled = recent.length === needed && recent.every((one) => (one === "critical") === isBad);
        const isSameSide = (before === "critical") === isBad;
        expect(judgement.health).toBe(isSettled || (isSameSide && at > 0) ? given : before);
      }
    }),
  );
});

test("a path is asked for at the own address: 2xx passes, 429 warns, anything else fails", async () => {
  const program = new Program();
  const checked = await Checked.start({ http: "/healthz", rise: 1, fall: 1 }, program);
  expect(await checked.after(100)).toBe("passing");
  for (const [status, state] of [
    [429, "warning"],
    [204, "passing"],
    [503, "critical"],
    [200, "passing"],
    [302, "critical"],
  ] as const) {
    program.status = status;
    expect(await checked.after(2_100)).toBe(state);
  }
  expect(new Set(program.asked)).toEqual(new Set(["http://10.0.0.1:80/healthz"]));
});

test("one status may be expected, and a whole URL asked for", async () => {
  const program = new Program();
  const url = "https://elsewhere.test/ready";
  const checked = await Checked.start({ http: url, expect: 418 }, program);
  expect(await checked.after(100)).toBe("critical");
  program.status = 418;
  expect(await checked.after(10_000)).toBe("passing");
  expect(program.asked[0]).toBe(url);
});

test("it is critical until the first answer, then follows after so many in a row", async () => {
  const program = new Program();
  const checked = await Checked.start(
    { tcp: "127.0.0.1:5432", intervalMs: 1_000, rise: 2, fall: 3 },
    program,
  );
  const { items } = collect(checked.observer.coord.registry.watch("web", { states: allStates }));
  expect(checked.registration.instance.state).toBe("critical");
  expect(await checked.after(100)).toBe("passing");
  program.isListening = false;
  expect(await checked.after(2_000)).toBe("passing");
  expect(await checked.after(1_000)).toBe("critical");
  program.isListening = true;
  expect(await checked.after(1_000)).toBe("critical");
  expect(await checked.after(1_000)).toBe("passing");
  expect(checked.registration.instance.state).toBe("passing");
  const states = items.map(({ instances }) => instances[0]?.state);
  expect(states.slice(-3)).toEqual(["passing", "critical", "passing"]);
  await checked.world.until(checked.registration.deregister());
  const asked = program.asked.length;
  await checked.world.pass(10_000);
  expect(program.asked).toHaveLength(asked);
});

test("a question that is never answered has failed in time, and ends by its signal", async () => {
  const program = new Program();
  const checked = await Checked.start({ tcp: "a:1", intervalMs: 500, timeoutMs: 200, fall: 2 }, program);
  expect(await checked.after(100)).toBe("passing");
  program.hangs = true;
  expect(await checked.after(1_900)).toBe("critical");
});

test("a function says how it is, or throws", async () => {
  let answer: Health | void | Error = undefined;
  const run = (): Health | void => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const checked = await Checked.start({ run, intervalMs: 100, rise: 1, fall: 1 });
  expect(await checked.after(50)).toBe("passing");
  answer = "warning";
  expect(await checked.after(150)).toBe("warning");
  answer = new Error("no database");
  expect(await checked.after(150)).toBe("critical");
  answer = "passing";
  expect(await checked.after(150)).toBe("passing");
  const nonsense: Health = JSON.parse('"splendid"');
  answer = nonsense;
  expect(await checked.after(150)).toBe("critical");
  expect(() => checked.registration.report("passing")).toThrow(
    expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
  );
});

test("whoever has to report is critical until it does, and again when it does not in time", async () => {
  const checked = await Checked.start({ ttlMs: 1_000 });
  expect(await checked.after(100)).toBe("critical");
  for (let k = 0; k < 5; k += 1) {
    checked.registration.report("passing");
    expect(await checked.after(700)).toBe("passing");
  }
  checked.registration.report("warning");
  expect(await checked.after(700)).toBe("warning");
  expect(await checked.after(500)).toBe("critical");
});

test("without a check it passes, and may say otherwise", async () => {
  const checked = await Checked.start(undefined);
  expect(await checked.seen()).toBe("passing");
  checked.registration.report("critical");
  expect(await checked.after(100)).toBe("critical");
  expect(await checked.world.until(checked.observer.coord.registry.find("web"))).toEqual([]);
});

test("critical for too long it is taken out, and comes back under its id when it passes", async () => {
  const program = new Program();
  const check = { tcp: "a:1", intervalMs: 500, rise: 1, fall: 1, removeAfterMs: 3_000 };
  const checked = await Checked.start(check, program);
  expect(await checked.after(100)).toBe("passing");
  program.isListening = false;
  expect(await checked.after(3_000)).toBe("critical");
  expect(await checked.after(1_000)).toBe(null);
  expect(checked.registration.signal.aborted).toBe(false);
  program.isListening = true;
  expect(await checked.after(1_000)).toBe("passing");
  program.isListening = false;
  expect(await checked.after(2_000)).toBe("critical");
  program.isListening = true;
  expect(await checked.after(5_000)).toBe("passing");
});

test("an id that somebody took meanwhile is not taken back", async () => {
  const program = new Program();
  program.isListening = false;
  const check = { tcp: "a:1", intervalMs: 500, rise: 1, removeAfterMs: 1_000 };
  const checked = await Checked.start(check, program);
  expect(await checked.after(1_500)).toBe(null);
  const { registry } = checked.observer.coord;
  const successor = await checked.world.until(registry.register({ name: "web", id: "w", address: "b" }));
  program.isListening = true;
  await checked.world.pass(1_000);
  expect(checked.registration.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  await checked.world.until(checked.registration.deregister());
  expect(await checked.world.until(registry.find("web"))).toEqual([successor.instance]);
});

test("maintenance goes before draining before health, and each is over when it is resumed", async () => {
  const checked = await Checked.start(undefined);
  const { registration, world } = checked;
  await world.until(registration.drain());
  expect(await checked.seen()).toBe("draining");
  registration.report("warning");
  expect(await checked.after(100)).toBe("draining");
  await world.until(registration.maintain());
  expect(await checked.seen()).toBe("maintenance");
  await world.until(registration.resume());
  expect(await checked.seen()).toBe("warning");
  expect(registration.instance.state).toBe("warning");
});

test("traits change one by one, in the order they were changed", async () => {
  const checked = await Checked.start(undefined);
  const { registration, world, observer } = checked;
  await world.until(
    Promise.all([
      registration.update({ weight: 5, tags: ["a"] }),
      registration.update({ zone: "east" }),
      registration.update({ tags: ["b"], meta: { x: "1" } }),
    ]),
  );
  const [instance] = await world.until(observer.coord.registry.find("web"));
  expect(instance).toMatchObject({ weight: 5, zone: "east", tags: ["b"], meta: { x: "1" }, port: 80 });
  expect(registration.instance).toEqual(instance);
  expect(await world.until(rejection(registration.update({ weight: -1 })))).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
  await world.until(observer.session.delete("/registry/web/w"));
  expect(await world.until(rejection(registration.update({ weight: 1 })))).toMatchObject({
    code: "ERR_FLOTILLA_LOST",
  });
  expect(registration.signal.aborted).toBe(true);
});

test("a reconnect does not flap: nobody sees it come or go", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const registration = await world.until(a.coord.registry.register({ name: "web", address: "1" }));
  const { items } = collect(b.coord.registry.watch("web"));
  await world.pass(100);
  for (let k = 0; k < 5; k += 1) {
    world.reset(a);
    await world.pass(300);
  }
  world.kernel.node(a.session.server ?? "n1").crash();
  await world.pass(5_000);
  expect(items).toHaveLength(1);
  expect(registration.signal.aborted).toBe(false);
});

test("who leaves drains first: seen as draining, then gone", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const leaving = { name: "web", id: "x", address: "1", drainMs: 2_000 };
  const one = await world.until(a.coord.registry.register(leaving));
  const { items } = collect(b.coord.registry.watch("web", { states: allStates }));
  await world.pass(100);
  const done = one.deregister();
  await world.pass(1_000);
  expect(one.signal.aborted).toBe(false);
  await world.until(done);
  await world.pass(100);
  expect(items.map(({ instances }) => instances[0]?.state)).toEqual(["passing", "draining", undefined]);
  const two = await world.until(a.coord.registry.register(leaving));
  const before = world.kernel.nowMs;
  await world.until(a.coord.close());
  expect(world.kernel.nowMs - before).toBeGreaterThanOrEqual(2_000);
  expect(two.signal.aborted).toBe(true);
  await world.pass(100);
  const states = items.slice(3).map(({ instances }) => instances[0]?.state);
  expect(states).toEqual(["passing", "draining", undefined]);
});

test("instances are found by tags, zone, descriptions and states", async () => {
  const world = await World.start();
  const { registry } = (await world.client()).coord;
  const offers = [
    { id: "a", tags: ["blue", "new"], zone: "north", meta: { build: "7" } },
    { id: "b", tags: ["blue"], zone: "south", meta: { build: "7", canary: "yes" } },
    { id: "c", tags: [], zone: "north", meta: {} },
  ];
  for (const offer of offers) await world.until(registry.register({ name: "web", address: "1", ...offer }));
  const ids = async (options: Parameters<typeof registry.find>[1]): Promise<string> => {
    const found = await world.until(registry.find("web", options));
    return found.map(({ id }) => id).join("");
  };
  expect(await ids({})).toBe("abc");
  expect(await ids({ tags: ["blue"] })).toBe("ab");
  expect(await ids({ tags: ["blue", "new"] })).toBe("a");
  expect(await ids({ zone: "north" })).toBe("ac");
  expect(await ids({ meta: { build: "7" }, zone: "south" })).toBe("b");
  expect(await ids({ meta: { toString: "7" } })).toBe("");
  expect(await ids({ states: ["draining"] })).toBe("");
});
