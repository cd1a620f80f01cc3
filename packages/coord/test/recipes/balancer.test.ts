import { expect, test } from "vitest";
import type { Watch, WatchEvent } from "../../src/client/api.ts";
import type { Balancer } from "../../src/recipes/balance/api.ts";
import { openBalancer } from "../../src/recipes/balance/balancer.ts";
import type { Instance, Registration } from "../../src/recipes/registry/api.ts";
import { overridden } from "./overridden.ts";
import { type Client, isPending, rejection, World } from "./world.ts";

async function offer(world: World, { coord }: Client, ids: readonly string[]): Promise<Registration[]> {
  const made: Registration[] = [];
  for (const id of ids)
    made.push(await world.until(coord.registry.register({ name: "web", id, address: id })));
  return made;
}

function picks(balancer: Balancer, times: number): string {
  return Array.from({ length: times }, () => balancer.pick()?.id ?? "-").join("");
}

function failsAtA({ id }: Instance): string {
  if (id === "a") throw new Error("no");
  return id;
}

const never = (): Promise<void> => new Promise(() => {});

test("it follows the service: who comes is picked, who leaves, drains or fails is not", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const web = await world.until(b.coord.registry.service("web", { pick: "round-robin" }));
  expect(web.pick()).toBe(null);
  const [one, two] = await offer(world, a, ["a", "b", "c"]);
  await world.pass(100);
  expect(picks(web, 6)).toBe("abcabc");
  await world.until(one?.drain() ?? Promise.reject(new Error("nobody")));
  two?.report("critical");
  await world.pass(100);
  expect(picks(web, 3)).toBe("ccc");
  expect(web.instances.map(({ state }) => state)).toEqual(["draining", "critical", "passing"]);
  await world.until(a.coord.close());
  await world.pass(100);
  expect(web.pick()).toBe(null);
  web.close();
});

test("it goes on with what it knew last while there is no server, and says so", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  await offer(world, a, ["a", "b"]);
  const web = await world.until(b.coord.registry.service("web", { pick: "round-robin" }));
  expect(web.isStale).toBe(false);
  world.isolate(b);
  await world.pass(10_000);
  expect(web.isStale).toBe(true);
  expect(picks(web, 4)).toBe("abab");
});

test("work that fails is tried on another one, and never twice on the same", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await offer(world, a, ["a", "b", "c"]);
  const web = await world.until(b.coord.registry.service("web", { pick: "round-robin" }));
  const tried: string[] = [];
  const work = ({ id }: Instance): string => {
    tried.push(id);
    if (id !== "c") throw new Error(`no ${id}`);
    return id;
  };
  expect(await world.until(web.use(work, { tries: 3 }))).toBe("c");
  expect(tried.splice(0)).toEqual(["a", "b", "c"]);
  expect(await world.until(rejection(web.use(work)))).toMatchObject({ message: "no b" });
  expect(tried.splice(0)).toEqual(["a", "b"]);
  const notAgain = rejection(web.use(({ id }) => Promise.reject(new Error(id)), { retry: () => false }));
  expect(await world.until(notAgain)).toMatchObject({ message: "c" });
  const all = rejection(web.use(({ id }) => Promise.reject(new Error(id)), { tries: 9 }));
  expect(await world.until(all)).toMatchObject({ message: "c" });
});

test("who keeps failing is left out for a while, unless nobody else is left", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const [one] = await offer(world, a, ["a", "b"]);
  const options = { pick: "round-robin", outliers: { failures: 2, ejectMs: 3_000 } } as const;
  const web = await world.until(b.coord.registry.service("web", options));
  for (let k = 0; k < 2; k += 1) expect(await world.until(web.use(failsAtA))).toBe("b");
  expect(picks(web, 4)).toBe("bbbb");
  await world.pass(3_000);
  expect(picks(web, 4)).toBe("abab");
  for (let k = 0; k < 2; k += 1) await world.until(web.use(failsAtA));
  expect(picks(web, 2)).toBe("bb");
  const other = (await world.until(a.coord.registry.find("web"))).find(({ id }) => id === "b");
  expect(other).toBeDefined();
  await world.until(a.session.delete("/registry/web/b"));
  await world.pass(100);
  expect(picks(web, 2)).toBe("aa");
  expect(one?.signal.aborted).toBe(false);
});

test("the least busy has the work that is under way counted, until it has ended", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await offer(world, a, ["a", "b"]);
  const web = await world.until(b.coord.registry.service("web", { pick: "least-busy" }));
  const ends: (() => void)[] = [];
  const at: string[] = [];
  const hold = (): Promise<void> =>
    web.use(({ id }) => {
      at.push(id);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const works = [hold(), hold(), hold()];
  expect(at).toEqual(["a", "b", "a"]);
  expect(web.pick()?.id).toBe("b");
  for (const end of ends) end();
  await world.until(Promise.all(works));
  expect(at.filter((id) => id === "a")).toHaveLength(2);
  expect(web.pick()?.id).not.toBe(web.pick()?.id);
});

test("work ends by the caller's bounds, also work that does not heed its signal", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await offer(world, a, ["a", "b"]);
  const web = await world.until(b.coord.registry.service("web"));
  const late = rejection(web.use(never, { timeoutMs: 300 }));
  expect(await world.until(late)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  const controller = new AbortController();
  const aborted = rejection(web.use(never, { signal: controller.signal }));
  controller.abort();
  expect(await world.until(aborted)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
});

test("it is ready once enough can be picked, and nobody waits for ever", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const web = await world.until(b.coord.registry.service("web"));
  const ready = web.ready(2);
  const [one] = await offer(world, a, ["a"]);
  one?.report("warning");
  await world.pass(1_000);
  expect(await isPending(ready)).toBe(true);
  await offer(world, a, ["b", "c"]);
  await world.until(ready);
  expect(await world.until(rejection(web.ready(4, { timeoutMs: 500 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
    message: "web being ready: not done in 500 ms: 3 of 3 that are known pass or warn",
  });
  const nobody = rejection(b.coord.registry.service("none").then((none) => none.use(() => 1)));
  expect(await world.until(nobody)).toMatchObject({
    code: "ERR_FLOTILLA_UNREACHABLE",
    message: "there is nobody to do none: 0 of 0 that are known pass or warn",
  });
});

test("it is ready with those that warn, who are picked when the others were tried", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const [, two] = await offer(world, a, ["a", "b"]);
  two?.report("warning");
  await world.pass(100);
  const web = await world.until(b.coord.registry.service("web", { zone: "south" }));
  await world.until(web.ready(2, { timeoutMs: 100 }));
  expect(await world.until(web.use(failsAtA))).toBe("b");
  two?.report("critical");
  await world.pass(100);
  expect(await world.until(rejection(web.ready(2, { timeoutMs: 100 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
  });
});

test("a balancer that is closed, or whose session ends, is never ready", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const [closed, open] = [
    await world.until(coord.registry.service("web")),
    await world.until(coord.registry.service("web")),
  ];
  const forEver = { timeoutMs: Number.POSITIVE_INFINITY };
  const waiting = rejection(closed.ready(1, forEver));
  await world.pass(100);
  closed.close();
  for (const each of [waiting, rejection(closed.ready(1, forEver))])
    expect(await world.until(each, 100)).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
  const ended = rejection(open.ready(1, forEver));
  await world.until(session.close());
  expect(await world.until(ended, 100)).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
});

test("following a service ends in time, by default too, while no server answers", async () => {
  const world = await World.start();
  const { registry } = (await world.client({ sessionTtlMs: 60_000 })).coord;
  world.kernel.node("n1").crash();
  const timedOut = { code: "ERR_FLOTILLA_TIMEOUT" };
  const soon = rejection(registry.service("web", { timeoutMs: 300 }));
  expect(await world.until(soon, 301)).toMatchObject(timedOut);
  const late = rejection(registry.service("web"));
  await world.pass(14_000);
  expect(await isPending(late)).toBe(true);
  expect(await world.until(late, 1_100)).toMatchObject(timedOut);
});

test("options that are none are refused, and so is a picker that picks none of the candidates", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = b.coord;
  const bad = { code: "ERR_FLOTILLA_BAD_ARGUMENT" };
  for (const options of [
    null,
    { outliers: 5 },
    { outliers: { failures: "a" } },
    { outliers: { failures: 0 } },
    { outliers: { ejectMs: 0 } },
    { outliers: { maxShare: 2 } },
    { timeoutMs: -1 },
  ])
    expect(await world.until(rejection(registry.service("web", options as never)))).toMatchObject(bad);
  const web = await world.until(registry.service("web"));
  await offer(world, a, ["a"]);
  await world.pass(100);
  for (const min of ["x", -1, 1.5, Number.NaN])
    expect(await rejection(web.ready(min as never))).toMatchObject(bad);
  for (const options of [{ tries: 0 }, { tries: -1 }, { tries: Number.NaN }, { retry: 1 }, null])
    expect(await rejection(web.use(() => 1, options as never))).toMatchObject(bad);
  expect(await rejection(web.use(undefined as never))).toMatchObject(bad);
  expect(await world.until(web.use(({ id }) => id, { tries: Number.POSITIVE_INFINITY }))).toBe("a");
  for (const picked of [undefined, null, {}, Promise.resolve()]) {
    const own = await world.until(registry.service("web", { pick: () => picked as never }));
    expect(() => own.pick()).toThrow(expect.objectContaining(bad));
    expect(await rejection(own.use(() => 1))).toMatchObject(bad);
  }
});

test("zone, tags and a picker of one's own", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = a.coord;
  for (const [id, zone, tags] of [
    ["a", "north", ["x"]],
    ["b", "south", ["x"]],
    ["c", "south", []],
  ] as const)
    await world.until(registry.register({ name: "web", id, zone, tags, address: id }));
  const near = await world.until(b.coord.registry.service("web", { zone: "south", pick: "round-robin" }));
  expect(picks(near, 4)).toBe("bcbc");
  const far = await world.until(b.coord.registry.service("web", { zone: "west", pick: "round-robin" }));
  expect(picks(far, 3)).toBe("abc");
  const tagged = await world.until(
    b.coord.registry.service("web", { tags: ["x"], pick: (from) => from.at(-1) ?? from[0] }),
  );
  expect(picks(tagged, 2)).toBe("bb");
  const wrong = JSON.parse('{"pick":"fastest"}');
  expect(await rejection(b.coord.registry.service("web", wrong))).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
});

test("who has a weight of 0 is picked only when nobody else can be: whatever states and zones", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = a.coord;
  const made: Registration[] = [];
  for (const [id, zone, weight] of [
    ["a", "north", 0],
    ["b", "south", 1],
    ["c", "south", 0],
  ] as const)
    made.push(await world.until(registry.register({ name: "web", id, zone, weight, address: id })));
  const web = await world.until(b.coord.registry.service("web", { zone: "north", pick: "round-robin" }));
  expect(picks(web, 3)).toBe("bbb");
  made[1]?.report("warning");
  await world.pass(100);
  expect(picks(web, 3)).toBe("bbb");
  made[1]?.report("critical");
  await world.pass(100);
  expect(picks(web, 3)).toBe("aaa");
  made[0]?.report("warning");
  await world.pass(100);
  expect(picks(web, 3)).toBe("ccc");
});

test("a balancer that follows no more says that what it knows may be old", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const web = await world.until(coord.registry.service("web"));
  expect(web.isStale).toBe(false);
  web.close();
  expect([web.isStale, session.state]).toEqual([true, "connected"]);
});

test("a balancer whose watch was ended says so, goes on with what it knew, and is not waited for", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await offer(world, a, ["a"]);
  const stop = new AbortController();
  const ended = new Error("there is no room for the watch");
  async function* endingWith(watch: Watch): AsyncGenerator<WatchEvent> {
    for await (const event of watch) {
      yield event;
      if (stop.signal.aborted) throw ended;
    }
  }
  const session = overridden(b.session, {
    watch: async (path: string) => {
      const watch = await b.session.watch(path, { kind: "recursive", initial: true });
      const events = endingWith(watch);
      return { close: () => watch.close(), [Symbol.asyncIterator]: () => events };
    },
  });
  const { random } = world.kernel.node("balancer").start();
  const parts = { name: "web", path: "/registry/web", random, options: {} };
  const web = await world.until(openBalancer(session, parts));
  expect(web.isStale).toBe(false);
  stop.abort();
  await offer(world, a, ["b"]);
  await world.pass(100);
  expect([web.isStale, b.session.state]).toEqual([true, "connected"]);
  expect(web.instances.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(web.pick()).not.toBe(null);
  expect(await world.until(rejection(web.ready(3)))).toBe(ended);
});
