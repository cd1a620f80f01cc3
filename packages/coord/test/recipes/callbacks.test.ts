import { expect, test } from "vitest";
import { textCodec } from "../../src/client/index.ts";
import type { StandardSchema } from "../../src/client/schema.ts";
import type { KeptWorker } from "../../src/recipes/keeper/api.ts";
import { functionDriver } from "../../src/recipes/keeper/drivers.ts";
import { flagsSchema } from "./flags.ts";
import { type Client, rejection, World } from "./world.ts";

const thrown = new Error("of the program");
/** Typed as it is by who does not heed what a promise makes of it. */
const callback: () => never = (() => Promise.reject(thrown)) as never;

const fail = (): never => {
  throw new Error("not now");
};

/** What is to reject with what its callback does; made ready first. */
const recipes: Record<string, (client: Client, world: World) => Promise<Promise<unknown>[]>> = {
  "onError of a queue": async ({ coord }, world) => {
    const queue = coord.queue("x", { codec: textCodec() });
    await world.until(queue.put("a"));
    return [queue.consume(fail, { onError: callback })];
  },
  "onError of a cron": async ({ coord }) => [
    coord.cron("x", { schedule: "* * * * * *", timeZone: "UTC" }).run(fail, { onError: callback }),
  ],
  "onUnfit of a config": async ({ coord }, world) => {
    const anything: StandardSchema = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
    };
    await world.until(coord.config("x", { schema: anything }).set("another form"));
    return [
      coord.config("x", { schema: flagsSchema }).watch({ onUnfit: callback })[Symbol.asyncIterator]().next(),
    ];
  },
  "onWorking of a team": async ({ coord }) => [
    coord.team("x", { address: "a" }).run({ lead: () => {}, onWorking: callback }),
  ],
  "retry of a balancer": async ({ coord }, world) => {
    await world.until(coord.registry.register({ name: "x", address: "a" }));
    const balancer = await world.until(coord.registry.service("x"));
    return [balancer.use(fail, { tries: 2, retry: callback })];
  },
  "onError of a keeper whose driver fails": async ({ coord }) => [
    coord.keeper("x", { driver: fail, onError: callback }).run(),
  ],
  "onError of a keeper whose worker fails": async ({ coord }) => [
    coord.keeper("x", { driver: functionDriver(fail), onError: callback }).run(),
  ],
  "onError of a keeper whose worker fails to stop": async ({ coord }, world) => {
    const ends: ((how: string) => void)[] = [];
    const driver = (): KeptWorker => ({
      ended: new Promise((resolve) => ends.push(resolve)),
      stop: () => {
        for (const end of ends) end("stopped");
        fail();
      },
      kill: () => {},
    });
    const keeper = coord.keeper("x", { driver, onError: callback });
    const run = keeper.run();
    run.catch(() => {});
    await world.pass(500);
    await world.until(keeper.scale(0));
    return [run];
  },
};

test.each(Object.keys(recipes))("what %s rejects with is what its call does", async (name) => {
  const world = await World.start();
  const client = await world.client();
  const [call = Promise.resolve()] = (await recipes[name]?.(client, world)) ?? [];
  expect(await world.until(rejection(call))).toBe(thrown);
});

test("a keeper tells onError what its driver throws and what a worker rejects with, and goes on", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const heard: unknown[] = [];
  const drivers = [fail, functionDriver(fail), functionDriver(() => new Promise(() => {}))];
  const keeper = coord.keeper("x", {
    driver: (slot) => (drivers.shift() ?? fail)(slot),
    onError: (error, { index }) => heard.push([index, error]),
  });
  void keeper.run();
  await world.pass(1_000);
  expect(heard).toEqual([
    [0, new Error("not now")],
    [0, new Error("not now")],
  ]);
  const { slots } = await world.until(keeper.status());
  expect(slots).toMatchObject([{ state: "running", restarts: 2, lastEnd: "threw: not now" }]);
});

test("a driver that returns a promise is refused, whatever becomes of that", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const running = coord.keeper("x", { driver: callback }).run();
  expect(await world.until(rejection(running))).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});
