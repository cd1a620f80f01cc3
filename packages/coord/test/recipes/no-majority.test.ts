import { expect, test } from "vitest";
import type { KeptWorker } from "../../src/recipes/keeper/api.ts";
import type { Coord } from "../../src/server/api.ts";
import { World } from "./world.ts";

/** A second for each of two things that are given back one after the other. */
const soonMs = 2_100;

/** Something that is held for as long as `signal` has not fired, and given back then. */
interface Case {
  readonly name: string;
  /** Nodes stand below it while it is held, and only then. */
  readonly folder: string;
  readonly run: (coord: Coord, signal: AbortSignal, hold: () => Promise<void>) => Promise<void>;
}

function worker(hold: () => Promise<void>): KeptWorker {
  const ended = hold().then(() => "stopped");
  return { ended, stop: () => {}, kill: () => {} };
}

const cases: readonly Case[] = [
  {
    name: "shards",
    folder: "/shards/x/owned",
    run: (coord, signal, hold) => coord.shards("x", { count: 4 }).run(hold, { signal }),
  },
  {
    name: "keeper",
    folder: "/keeper/x/owned",
    run: (coord, signal, hold) => coord.keeper("x", { driver: () => worker(hold) }).run({ signal }),
  },
  {
    name: "election",
    folder: "/election/x/line",
    run: (coord, signal, hold) => coord.election("x").run(hold, { signal }),
  },
  { name: "lock", folder: "/lock/x/line", run: (coord, _signal, hold) => coord.lock("x").run(hold) },
  {
    name: "reentrant lock",
    folder: "/lock/x/line",
    run: (coord, _signal, hold) => coord.lock("x", { reentrant: true }).run(hold),
  },
  {
    name: "several locks",
    folder: "/lock/x/line",
    run: (coord, _signal, hold) => coord.lockSet([coord.lock("x"), coord.lock("y")]).run(hold),
  },
  {
    name: "cron",
    folder: "/cron/x/running",
    run: (coord, signal, hold) => coord.cron("x", { schedule: "* * * * * *" }).run(hold, { signal }),
  },
  {
    name: "queue",
    folder: "/queue/x/items",
    run: async (coord, signal, hold) => {
      await coord.queue("x").put(new Uint8Array());
      await coord.queue("x").consume(hold, { signal });
    },
  },
];

test.each(cases)(
  "$name: ends soon though the majority is gone, and gives back when it returns",
  async (one) => {
    const world = await World.start(3);
    const { kernel, cluster } = world;
    const [stays = "", ...others] = cluster.ids;
    const coord = await world.until(cluster.node(stays).connect());
    const stop = new AbortController();
    const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
    let held = 0;
    const hold = (): Promise<void> => {
      held += 1;
      return stopped;
    };
    const run = one.run(coord, stop.signal, hold);
    await world.pass(3_000);
    expect(held).toBeGreaterThan(0);
    for (const id of others) kernel.node(id).crash();
    stop.abort();
    await kernel.until(run, soonMs);
    const client = await coordOf(world, others);
    expect((await world.until(client.session.exists(one.folder)))?.numChildren ?? 0).toBe(0);
    expect(coord.session.signal.aborted).toBe(false);
  },
);

test("a worker of a team ends soon though the majority is gone", async () => {
  const world = await World.start(3);
  const { kernel, cluster } = world;
  const [stays = "", leads = "", third = ""] = cluster.ids;
  const leader = await world.until(cluster.node(leads).connect());
  const never = new Promise<void>(() => {});
  void leader.team("x", { address: "a" }).run({ lead: () => never });
  await world.pass(500);
  const worker = await world.until(cluster.node(stays).connect());
  const stop = new AbortController();
  let isWorking = false;
  const onWorking = (is: boolean): void => void (isWorking = is);
  const run = worker.team("x", { address: "b" }).run({ lead: () => {}, onWorking }, { signal: stop.signal });
  await world.pass(500);
  expect(isWorking).toBe(true);
  for (const id of [leads, third]) kernel.node(id).crash();
  stop.abort();
  await kernel.until(run, soonMs);
  const { registry } = await coordOf(world, [leads, third]);
  expect((await world.until(registry.find("x"))).map(({ address }) => address)).not.toContain("b");
});

/** Starts the members again, and asks from outside once what was under way has had time. */
async function coordOf(world: World, ids: readonly string[]): Promise<Coord> {
  await world.until(Promise.all(ids.map((id) => world.cluster.restart(id))));
  const { coord } = await world.client();
  await world.pass(2_000);
  return coord;
}
