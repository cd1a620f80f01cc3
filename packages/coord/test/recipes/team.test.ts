import { expect, test } from "vitest";
import type { Balancer } from "../../src/recipes/balance/api.ts";
import type { Leadership } from "../../src/recipes/api.ts";
import { type Client, rejection, World } from "./world.ts";

/** One of a team, and what it does at the moment. */
class Colleague {
  readonly stop = new AbortController();
  readonly done: Promise<unknown>;
  isWorking = false;
  leading: Leadership | null = null;
  workers: Balancer | null = null;
  led = 0;

  constructor({ coord, machine }: Client) {
    const team = coord.team("crew", { address: machine, candidate: machine });
    const onWorking = (isWorking: boolean): void => {
      this.isWorking = isWorking;
    };
    const lead = async (leadership: Leadership, workers: Balancer): Promise<void> => {
      expect(this.isWorking).toBe(false);
      this.leading = leadership;
      this.workers = workers;
      this.led += 1;
      await new Promise<void>((resolve) => {
        if (leadership.signal.aborted) resolve();
        else leadership.signal.addEventListener("abort", () => resolve());
      });
      this.leading = null;
    };
    this.done = team.run({ lead, onWorking }, { signal: this.stop.signal }).catch((error: unknown) => error);
  }

  get known(): readonly string[] | undefined {
    return this.workers?.instances.map(({ address }) => address).toSorted();
  }
}

test("one leads and knows the others, who work; whoever lost the lead works again", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const crew = clients.map((client) => new Colleague(client));
  await world.pass(1_000);
  const roles = (): string =>
    crew.map(({ leading, isWorking }) => `${leading !== null}/${isWorking}`).join(" ");
  const first = crew.findIndex(({ leading }) => leading !== null);
  const others = clients.filter((_, at) => at !== first).map(({ machine }) => machine);
  expect(crew.filter(({ isWorking }) => isWorking)).toHaveLength(2);
  expect(crew[first]?.known).toEqual(others);
  const operator = await world.client();
  await world.until(operator.coord.election("crew").evict());
  await world.pass(1_000);
  const second = crew.findIndex(({ leading }) => leading !== null);
  expect(second).not.toBe(first);
  expect(roles().match(/true\/false/g)).toHaveLength(1);
  expect(roles().match(/false\/true/g)).toHaveLength(2);
  expect(crew[second]?.known).toContain(clients[first]?.machine);
  for (const one of crew) one.stop.abort();
  await world.until(Promise.all(crew.map(({ done }) => done)));
  expect(await Promise.all(crew.map(({ done }) => done))).toEqual([undefined, undefined, undefined]);
  expect(await world.until(operator.coord.registry.find("crew"))).toEqual([]);
});

test("a worker that dies is no worker any more, and a leader that dies is replaced by one", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const crew = clients.map((client) => new Colleague(client));
  await world.pass(1_000);
  const leader = crew.findIndex(({ leading }) => leading !== null);
  const worker = (leader + 1) % 3;
  const other = (leader + 2) % 3;
  world.kernel.node(clients[worker]?.machine ?? "").crash();
  await world.pass(4_000);
  expect(crew[leader]?.known).toEqual([clients[other]?.machine]);
  world.kernel.node(clients[leader]?.machine ?? "").crash();
  await world.pass(4_000);
  expect(crew[other]?.leading).not.toBe(null);
  expect(crew[other]?.known).toEqual([]);
});

test("who fails as the leader is told, and leaves nothing behind", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const team = coord.team("crew", { address: "a" });
  const failed = rejection(team.run({ lead: () => Promise.reject(new Error("no plan")) }));
  expect(await world.until(failed)).toMatchObject({ message: "no plan" });
  expect(await world.until(coord.registry.find("crew"))).toEqual([]);
  expect(await world.until(coord.election("crew").candidates())).toEqual([]);
  expect(() => coord.team("a/b", { address: "a" })).toThrow(
    expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
  );
});
