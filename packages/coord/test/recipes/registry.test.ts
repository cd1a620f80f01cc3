import { expect, test } from "vitest";
import type { Instance, Registration } from "../../src/recipes/registry/api.ts";
import { SessionRegistration } from "../../src/recipes/registry/registration.ts";
import { folded } from "./instances.ts";
import { type Client, collect, isPending, rejection, World } from "./world.ts";

const addresses = (instances: readonly Instance[] | undefined): string[] | undefined =>
  instances?.map(({ address }) => address);

test("a registration is found with what it was made of, until it is taken out", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  expect(await world.until(b.coord.registry.find("web"))).toEqual([]);
  const service = {
    name: "web",
    address: "10.0.0.1",
    port: 80,
    id: "w1",
    tags: ["blue"],
    zone: "north",
    weight: 2,
    meta: { build: "7" },
  };
  const registration = await world.until(a.coord.registry.register(service));
  expect(registration.instance).toMatchObject(service);
  expect(await world.until(b.coord.registry.find("web"))).toEqual([registration.instance]);
  expect(await world.until(b.coord.registry.find("web", { level: "local" }))).toEqual([
    registration.instance,
  ]);
  await world.until(registration.deregister());
  await world.until(Promise.resolve(registration[Symbol.asyncDispose]()));
  expect(await world.until(b.coord.registry.find("web"))).toEqual([]);
});

test("a registration that is answered as the session ends is over at once", async () => {
  const world = await World.start();
  const [{ coord, session, machine }] = await world.three();
  const { instance } = await world.until(coord.registry.register({ name: "web", address: "10.0.0.1" }));
  await world.until(coord.close());
  const { prober } = world.kernel.node(`${machine} again`).start();
  const entry = { path: "/registry/web/x", key: "k" };
  const parts = { session, prober, entry, instance, check: { ttlMs: 500 }, drainMs: 0 };
  const registration = new SessionRegistration(parts);
  expect(registration.signal.aborted).toBe(true);
  await world.until(registration.deregister());
});

test("an id of its own is made when none is given, and instances come sorted by id", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  for (const id of ["b", "c", "a"]) {
    await world.until(a.coord.registry.register({ name: "web", address: id, id }));
  }
  expect(addresses(await world.until(b.coord.registry.find("web")))).toEqual(["a", "b", "c"]);
  const registry = b.coord.registry;
  const first = await world.until(registry.register({ name: "db", address: "1" }));
  const second = await world.until(registry.register({ name: "db", address: "2" }));
  expect(first.instance.id).not.toBe(second.instance.id);
  expect(await world.until(registry.find("db"))).toHaveLength(2);
});

test("an id that is taken is refused, and the first registration stands", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await world.until(a.coord.registry.register({ name: "web", address: "1", id: "x" }));
  for (const { coord } of [a, b]) {
    const service = { name: "web", address: "2", id: "x" };
    const second = rejection(coord.registry.register(service, { wait: false }));
    const message = expect.stringMatching(/^\/registry\/web\/x is taken, until .*its session has ended/);
    expect(await world.until(second, 100)).toMatchObject({ code: "ERR_FLOTILLA_EXISTS", message });
  }
  await world.pass(1_000);
  expect(addresses(await world.until(b.coord.registry.find("web")))).toEqual(["1"]);
});

test("a process that is started again gets its id as soon as what it was before has ended", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const service = { name: "web", id: "x" };
  await world.until(a.coord.registry.register({ ...service, address: "before" }));
  world.kernel.node(a.machine).crash();
  const before = world.kernel.nowMs;
  const again = await world.until(b.coord.registry.register({ ...service, address: "after" }));
  expect(world.kernel.nowMs - before).toBeLessThan(3_000);
  expect(await world.until(c.coord.registry.find("web"))).toEqual([again.instance]);
  const next = c.coord.registry.register({ ...service, address: "next" });
  await world.pass(1_000);
  await world.until(again.deregister());
  expect((await world.until(next, 100)).instance.address).toBe("next");
});

test("an id is waited for as long as the caller says, and not at all where it would be in vain", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const service = { name: "web", id: "x", address: "1" };
  const one = await world.until(a.coord.registry.register(service));
  const other = await world.until(a.coord.registry.register({ ...service, id: "y" }));
  const taken = { code: "ERR_FLOTILLA_EXISTS" };
  expect(await world.until(rejection(a.coord.registry.register(service)), 100)).toMatchObject(taken);
  const short = rejection(b.coord.registry.register(service, { timeoutMs: 500 }));
  expect(await world.until(short, 501)).toMatchObject(taken);
  const stop = new AbortController();
  const aborted = rejection(b.coord.registry.register(service, { signal: stop.signal }));
  const long = rejection(b.coord.registry.register(service));
  await world.pass(14_000);
  expect(await isPending(long)).toBe(true);
  stop.abort();
  expect(await world.until(aborted, 100)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  expect(await world.until(long, 1_100)).toMatchObject(taken);
  await world.until(one.deregister());
  await world.pass(1_000);
  expect(await world.until(b.coord.registry.find("web"))).toEqual([other.instance]);
  await world.until(a.session.create("/registry/web/x", "by hand"));
  expect(await world.until(rejection(b.coord.registry.register(service)), 100)).toMatchObject(taken);
});

test("the time of a registration is that of all its calls together", async () => {
  const world = await World.start();
  const [a, b] = await world.three({ sessionTtlMs: 20_000 });
  world.kernel.network.setLatency({ minMs: 200, meanMs: 200 });
  const begunMs = world.kernel.nowMs;
  // A call takes 400 ms, and the first instance of a service three of them.
  const late = rejection(a.coord.registry.register({ name: "web", address: "1" }, { timeoutMs: 1_000 }));
  expect(await world.until(late)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect(world.kernel.nowMs - begunMs).toBeLessThan(1_010);
  await world.pass(3_000);
  expect(await world.until(b.coord.registry.find("web"))).toEqual([]);
  const wrong = rejection(a.coord.registry.register({ name: "web", address: "1" }, { timeoutMs: -1 }));
  expect(await wrong).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

test("a change that no node can hold is refused and changes nothing, one that the cluster refuses takes it out", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = a.coord;
  const registration = await world.until(registry.register({ name: "web", address: "1" }));
  const huge = { meta: { text: "x".repeat(2_000_000) } };
  expect(await rejection(registration.update(huge))).toMatchObject({ code: "ERR_FLOTILLA_TOO_LARGE" });
  await world.until(registration.update({ weight: 3 }));
  expect(await world.until(b.coord.registry.find("web"))).toMatchObject([{ weight: 3, meta: {} }]);
  expect(registration.signal.aborted).toBe(false);
  await world.until(b.session.setBudget("/registry", { bytes: { hard: 1_000 } }));
  const long = rejection(registration.update({ meta: { text: "x".repeat(2_000) } }));
  expect(await world.until(long)).toMatchObject({ code: "ERR_FLOTILLA_QUOTA" });
  expect(registration.signal.aborted).toBe(true);
  expect(await world.until(b.coord.registry.find("web"))).toEqual([]);
});

test("a registration goes with its session: at once when closed, after its time to live when its process died", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const closing = await world.until(a.coord.registry.register({ name: "web", address: "closing" }));
  const dying = await world.until(b.coord.registry.register({ name: "web", address: "dying" }));
  await world.until(a.coord.close());
  expect(closing.signal.aborted).toBe(true);
  expect(addresses(await world.until(c.coord.registry.find("web")))).toEqual(["dying"]);
  world.kernel.node(b.machine).crash();
  await world.pass(1_400);
  expect(await world.until(c.coord.registry.find("web"))).toEqual([dying.instance]);
  await world.pass(1_000);
  expect(await world.until(c.coord.registry.find("web"))).toEqual([]);
  await world.until(closing.deregister());
});

test("deregistering never takes out a successor under the same id", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const service = { name: "web", id: "x" };
  const old = await world.until(a.coord.registry.register({ ...service, address: "old" }));
  await world.until(b.session.delete("/registry/web/x"));
  const successor = await world.until(b.coord.registry.register({ ...service, address: "new" }));
  await world.until(old.deregister());
  expect(await world.until(a.coord.registry.find("web"))).toEqual([successor.instance]);
  await world.until(successor.deregister());
  const own = await world.until(a.coord.registry.register({ ...service, address: "own" }));
  await world.until(old.deregister());
  expect(await world.until(a.coord.registry.find("web"))).toEqual([own.instance]);
});

test("a registration whose node is deleted is told, and does not come back by itself", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const service = { name: "web", id: "x", address: "1" };
  const { registry } = a.coord;
  const registration = await world.until(registry.register(service));
  await world.until(registration.update({ weight: 2 }));
  await world.until(b.session.delete("/registry/web/x"));
  await world.pass(100);
  expect(registration.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(registration.isListed).toBe(false);
  registration.report("warning");
  expect(await world.until(rejection(registration.update({ weight: 3 })))).toMatchObject({
    code: "ERR_FLOTILLA_LOST",
  });
  await world.pass(1_000);
  expect(await world.until(b.coord.registry.find("web"))).toEqual([]);
  const again = await world.until(registry.register(service));
  await world.pass(1_000);
  expect(again.signal.aborted).toBe(false);
});

test("registrations leave a session room for other watches, and go on where there is none for theirs", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const made: Registration[] = [];
  const register = async (client: Client, count: number, name: string): Promise<void> => {
    const service = { name, address: "1" };
    const registering = Array.from({ length: count }, () => client.coord.registry.register(service));
    made.push(...(await world.until(Promise.all(registering))));
  };
  for (let k = 0; k < 6; k += 1) await register(a, 100, "web");
  await world.pass(1_000);
  for (let k = 0; k < 499; k += 1) await world.until(a.session.watch("/other"));
  const [first, last] = [made[0], made[599]];
  await world.until(b.session.delete(`/registry/web/${first?.instance.id}`));
  await world.until(b.session.delete(`/registry/web/${last?.instance.id}`));
  await world.pass(100);
  expect(made.filter(({ signal }) => signal.aborted)).toEqual([first]);
  expect(await world.until(rejection(last?.update({ weight: 2 }) ?? Promise.resolve()))).toMatchObject({
    code: "ERR_FLOTILLA_LOST",
  });
  await world.until(b.session.setBudget("/registry", { watches: { hard: 501 } }));
  await register(c, 3, "db");
  await world.pass(1_000);
  expect(made.slice(600).map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
});

test("a registration hears that its node was replaced while it was cut off, and its drain ends with it", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 10_000 });
  const service = { name: "web", id: "x", address: "old" };
  const registration = await world.until(a.coord.registry.register({ ...service, drainMs: 60_000 }));
  const leaving = registration.deregister();
  await world.pass(100);
  world.isolate(a);
  await world.until(b.session.delete("/registry/web/x"));
  const successor = await world.until(b.coord.registry.register({ ...service, address: "new" }));
  await world.pass(500);
  expect(registration.signal.aborted).toBe(false);
  world.heal(a);
  await world.until(leaving, 8_000);
  expect(registration.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(await world.until(b.coord.registry.find("web"))).toEqual([successor.instance]);
  expect(successor.signal.aborted).toBe(false);
});

test("however its own changes and an operator's cross, a registration ends when it was taken out and only then", async () => {
  for (let step = 0; step < 40; step += 1) {
    const world = await World.start(1, `cross ${step}`);
    const [a, b] = await world.three();
    const check = { ttlMs: 60_000, removeAfterMs: 10 };
    const { registry } = a.coord;
    const one = await world.until(registry.register({ name: "web", id: "1", address: "1", check }));
    const two = await world.until(registry.register({ name: "web", id: "2", address: "2" }));
    // Taken out by itself and put back, while the other is written again and again, and taken out by an operator.
    await world.events(step);
    one.report("passing");
    void two.update({ weight: 2 }).catch(() => {});
    void b.session.delete("/registry/web/2");
    await world.events(step);
    void two.update({ weight: 3 }).catch(() => {});
    one.report("critical");
    await world.pass(500);
    expect(one.isListed).toBe(false);
    one.report("passing");
    await world.pass(500);
    expect(one.isListed).toBe(true);
    expect(two.signal.aborted).toBe(true);
    expect(addresses(await world.until(b.coord.registry.find("web")))).toEqual(["1"]);
  }
}, 60_000);

test("a registration that was given up on does not come to stand later", async () => {
  for (let step = 0; step < 30; step += 1) {
    const world = await World.start(1, `give up ${step}`);
    const [a, b] = await world.three();
    await world.until(b.coord.registry.register({ name: "web", address: "b", id: "b" }));
    const controller = new AbortController();
    const registering = a.coord.registry
      .register({ name: "web", address: "a", id: "a" }, { signal: controller.signal })
      .catch(() => null);
    await world.events(step);
    controller.abort();
    const registration = await world.until(registering);
    await world.pass(1_000);
    const expected = registration === null ? ["b"] : ["a", "b"];
    expect(addresses(await world.until(b.coord.registry.find("web")))).toEqual(expected);
  }
}, 60_000);

test("a watch tells the set now and after changes, the last one always", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const controller = new AbortController();
  const { items, done } = collect(c.coord.registry.watch("web", { signal: controller.signal }));
  await world.pass(100);
  const one = await world.until(a.coord.registry.register({ name: "web", address: "1", id: "1" }));
  await world.pass(100);
  await world.until(b.coord.registry.register({ name: "web", address: "2", id: "2" }));
  await world.pass(100);
  await world.until(one.deregister());
  await world.pass(100);
  expect(items.map(({ instances }) => addresses(instances))).toEqual([[], ["1"], ["1", "2"], ["2"]]);
  world.kernel.node(c.session.server ?? "n1").crash();
  world.kernel.node(b.machine).crash();
  await world.pass(10_000);
  expect(items.at(-1)).toMatchObject({ instances: [], added: [], removed: [{ address: "2" }] });
  controller.abort();
  await world.until(done);
});

test("a watch ends up with the truth, whatever changes while it is armed and read", async () => {
  for (let step = 0; step < 40; step += 1) {
    const world = await World.start(1, `watch ${step}`);
    const [a, b] = await world.three();
    await world.until(a.coord.registry.register({ name: "web", address: "1", id: "1" }));
    const { items } = collect(b.coord.registry.watch("web"));
    await world.events(step);
    void a.coord.registry.register({ name: "web", address: "2", id: "2" });
    void a.coord.registry.register({ name: "web", address: "3", id: "3" });
    await world.pass(500);
    expect(addresses(items.at(-1)?.instances)).toEqual(["1", "2", "3"]);
    expect(folded(items)).toEqual(items.at(-1)?.instances);
  }
}, 60_000);

test("what is no registration is not told", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const { instance } = await world.until(coord.registry.register({ name: "web", address: "1", id: "m" }));
  await world.until(session.create("/registry/web/a", "not json"));
  await world.until(session.create("/registry/web/z", '{"address":7}'));
  expect(await world.until(coord.registry.find("web"))).toEqual([instance]);
});

test("names, addresses and descriptions are checked", async () => {
  const world = await World.start();
  const { registry } = (await world.client()).coord;
  const bad = { code: "ERR_FLOTILLA_BAD_ARGUMENT" };
  for (const name of ["", "..", "a/b", "\u0001"]) {
    expect(await rejection(registry.register({ name, address: "1" }))).toMatchObject(bad);
    expect(await rejection(registry.register({ name: "web", address: "1", id: name }))).toMatchObject(bad);
    expect(await rejection(registry.find(name))).toMatchObject(bad);
    expect(() => registry.watch(name)).toThrow(expect.objectContaining(bad));
  }
  expect(await rejection(registry.register({ name: "web", address: "" }))).toMatchObject(bad);
  for (const nothing of [undefined, null, "web"])
    expect(await rejection(registry.register(nothing as never))).toMatchObject(bad);
  const misshapen: readonly unknown[] = [
    { meta: { port: 80 } },
    { port: 0 },
    { port: 65_536 },
    { tags: "blue" },
    { zone: "" },
    { weight: -1 },
    { weight: Number.NaN },
    { drainMs: -1 },
    { check: {} },
    { check: { http: "/", tcp: "a:1" } },
    { check: { http: "/no-port" } },
    { check: { run: 1 } },
    { check: { ttlMs: 0 } },
    { check: { http: "localhost:8080/health" } },
    { check: { http: "ftp://localhost/health" } },
    { check: { http: "nonsense" } },
    { check: { http: "/health" }, address: "not a host", port: 80 },
    { check: { tcp: "nonsense" } },
    { check: { tcp: "a:0" } },
    { check: { tcp: "a:1", fall: 0 } },
    { check: { tcp: "a:1", intervalMs: Number.NaN } },
  ];
  for (const wrong of misshapen) {
    const service = Object.assign({ name: "web", address: "1" }, wrong);
    expect(await rejection(registry.register(service))).toMatchObject(bad);
  }
  expect(await world.until(registry.find("web"))).toEqual([]);
});

test("reads of many instances end by the caller's bounds", async () => {
  const world = await World.start();
  const client = await world.client({ timeoutMs: 700 });
  const { registry } = client.coord;
  world.isolate(client);
  const controller = new AbortController();
  const aborted = rejection(registry.find("web", { signal: controller.signal }));
  const timedOut = rejection(registry.find("web", { timeoutMs: 300 }));
  const byDefault = rejection(registry.find("web"));
  await world.pass(200);
  controller.abort();
  expect(await world.until(aborted)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  await world.pass(200);
  expect(await world.until(timedOut)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(350);
  expect(await isPending(byDefault)).toBe(false);
  expect(await byDefault).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
});
