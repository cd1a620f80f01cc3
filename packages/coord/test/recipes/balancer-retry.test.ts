import { expect, test } from "vitest";
import type { Balancer, Strategy } from "../../src/recipes/balance/api.ts";
import type { Instance } from "../../src/recipes/registry/api.ts";
import { World } from "./world.ts";

/** Picks among `a`, `b` and `c`, of these weights; nobody is left out for failing. */
async function choosing(pick: Strategy, weights: readonly number[]): Promise<[World, Balancer]> {
  const world = await World.start();
  const [a, b] = await world.three();
  for (const [at, weight] of weights.entries()) {
    const id = "abc"[at] ?? "";
    await world.until(a.coord.registry.register({ name: "web", id, address: id, weight }));
  }
  const outliers = { failures: 1_000_000 };
  return [world, await world.until(b.coord.registry.service("web", { pick, outliers }))];
}

test("sticky keeps whom it picked for a key when a piece of work fails there", async () => {
  const [world, web] = await choosing("sticky", [1, 1, 1]);
  const key = "k";
  const first = web.pick({ key })?.id;
  const tried: string[] = [];
  const once = ({ id }: Instance): void => {
    tried.push(id);
    if (tried.length === 1) throw new Error("once");
  };
  await world.until(web.use(once, { key }));
  expect(tried).toEqual([first, expect.not.stringMatching(first ?? "")]);
  for (let k = 0; k < 5; k += 1) expect(web.pick({ key })?.id).toBe(first);
});

test("sticky keeps whom a key was given to by its first piece of work, also when that fails", async () => {
  const [world, web] = await choosing("sticky", [1, 1, 1]);
  const key = "k";
  const tried: string[] = [];
  const once = ({ id }: Instance): void => {
    tried.push(id);
    if (tried.length === 1) throw new Error("once");
  };
  await world.until(web.use(once, { key }));
  expect(web.pick({ key })?.id).toBe(tried[0]);
});

/** Has work fail at `a`, and tells where it began and where it was tried. */
async function failingAtA(pick: Strategy, weights: readonly number[]): Promise<[string, string]> {
  const [world, web] = await choosing(pick, weights);
  let begun = "";
  let tried = "";
  for (let k = 0; k < 60; k += 1) {
    const before = tried.length;
    const work = ({ id }: Instance): void => {
      tried += id;
      if (id === "a") throw new Error("no");
    };
    await world.until(web.use(work));
    begun += tried[before];
  }
  return [begun, tried];
}

const atA = (ids: string): number => ids.replaceAll(/[^a]/g, "").length;
const share = ([a = 0, b = 0, c = 0]: readonly number[]): number => a / (a + b + c);
const allWeights = [
  [1, 1, 1],
  [1, 3, 2],
  [2, 3, 1],
];

test.each(allWeights)(
  "weighted begins work as often as weights %d, %d, %d say at one where it fails",
  async (...weights) => {
    const [begun] = await failingAtA("weighted", weights);
    expect(atA(begun)).toBe(begun.length * share(weights));
  },
);

test.each(allWeights)(
  "least-busy tries as often as weights %d, %d, %d say at one where work fails",
  async (...weights) => {
    const [, tried] = await failingAtA("least-busy", weights);
    // The last turn may be its own.
    expect(Math.abs(atA(tried) - tried.length * share(weights))).toBeLessThanOrEqual(1);
  },
);

const fail = (): never => {
  throw new Error("no");
};

/** Work that ends when it is told to. */
function slow(): { work: () => Promise<void>; end: (error?: Error) => void } {
  const ends: ((error?: Error) => void)[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve() : reject(error))));
  return { work, end: (error) => ends.splice(0).forEach((end) => end(error)) };
}

test.each([
  ["while nobody has it", false],
  ["when another has it", true],
])("an instance does not pay for what its former life under its id failed at %s", async (_, isAnew) => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = a.coord;
  const former = await world.until(registry.register({ name: "web", id: "a", address: "old" }));
  await world.until(registry.register({ name: "web", id: "b", address: "b" }));
  const web = await world.until(b.coord.registry.service("web", { pick: (all) => all[0] }));
  const { work, end } = slow();
  const ended = Promise.all(Array.from({ length: 5 }, () => web.use(work, { tries: 1 }).catch(() => {})));
  await world.until(former.deregister());
  const anew = async (): Promise<void> => {
    await world.until(registry.register({ name: "web", id: "a", address: "new" }));
    await world.pass(200);
  };
  if (isAnew) await anew();
  await world.pass(200);
  end(new Error("ECONNRESET"));
  await world.until(ended);
  if (!isAnew) await anew();
  expect(web.pick()?.address).toBe("new");
});

test("who is left out stays so when it only changes, and whoever takes its place is not", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = a.coord;
  for (const id of ["a", "b"]) await world.until(registry.register({ name: "web", id, address: id }));
  const outliers = { failures: 2, ejectMs: 60_000 };
  const web = await world.until(b.coord.registry.service("web", { pick: (all) => all[0], outliers }));
  for (let k = 0; k < 2; k += 1) await world.until(web.use(fail, { tries: 1 }).catch(() => {}));
  expect(web.pick()?.id).toBe("b");
  const path = "/registry/web/a";
  await world.until(a.session.put(path, JSON.stringify({ address: "a", state: "passing", zone: "north" })));
  await world.pass(100);
  expect(web.instances[0]?.zone).toBe("north");
  expect(web.pick()?.id).toBe("b");
  const value = JSON.stringify({ address: "new", state: "passing" });
  await world.until(
    a.session.multi([
      { type: "delete", path },
      { type: "create", path, value },
    ]),
  );
  await world.pass(100);
  expect(web.pick()?.address).toBe("new");
});

test("who would be left out if there were others, and succeeds meanwhile, is not once there are", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { registry } = a.coord;
  await world.until(registry.register({ name: "web", id: "a", address: "a" }));
  const outliers = { failures: 2, ejectMs: 60_000 };
  const web = await world.until(b.coord.registry.service("web", { pick: (all) => all[0], outliers }));
  for (let k = 0; k < 2; k += 1) await world.until(web.use(fail, { tries: 1 }).catch(() => {}));
  await world.pass(100);
  await world.until(web.use(() => {}, { tries: 1 }));
  await world.until(registry.register({ name: "web", id: "b", address: "b" }));
  await world.pass(100);
  expect(web.instances).toHaveLength(2);
  expect(web.pick()?.id).toBe("a");
});

test("work that was begun before its instance was left out, and succeeds, does not end that", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  for (const id of ["a", "b"]) await world.until(a.coord.registry.register({ name: "web", id, address: id }));
  const outliers = { failures: 3, ejectMs: 60_000 };
  const web = await world.until(b.coord.registry.service("web", { pick: (all) => all[0], outliers }));
  const { work, end } = slow();
  const ended = web.use(work, { tries: 1 });
  for (let k = 0; k < 3; k += 1) await world.until(web.use(fail, { tries: 1 }).catch(() => {}));
  expect(web.pick()?.id).toBe("b");
  end();
  await world.until(ended);
  expect(web.pick()?.id).toBe("b");
  await world.pass(60_000);
  expect(web.pick()?.id).toBe("a");
});
