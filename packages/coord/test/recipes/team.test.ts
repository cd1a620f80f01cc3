import { getEventListeners } from "node:events";
import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { Balancer } from "../../src/recipes/balance/api.ts";
import type { Leadership } from "../../src/recipes/api.ts";
import type { Registry } from "../../src/recipes/registry/api.ts";
import type { TeamOptions } from "../../src/recipes/team-api.ts";
import { createTeam } from "../../src/recipes/team.ts";
import { TeamWork } from "../../src/recipes/team-work.ts";
import { collect, type Client, isPending, rejection, World } from "./world.ts";

/** How `lead` takes the loss of the lead. */
type Manner = "returns" | "throws";

/** One of a team, and what it does at the moment. */
class Colleague {
  readonly stop = new AbortController();
  readonly done: Promise<unknown>;
  isWorking = false;
  leading: Leadership | null = null;
  workers: Balancer | null = null;
  led = 0;
  /** How often it began to work. */
  begun = 0;

  constructor({ coord, machine }: Client, manner: Manner = "returns", options: Partial<TeamOptions> = {}) {
    const team = coord.team("crew", { address: machine, candidate: machine, ...options });
    const onWorking = (isWorking: boolean): void => {
      this.isWorking = isWorking;
      if (isWorking) this.begun += 1;
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
      if (manner === "throws") throw new Error("stopped half way");
    };
    this.done = team.run({ lead, onWorking }, { signal: this.stop.signal }).catch((error: unknown) => error);
  }

  get known(): readonly string[] | undefined {
    return this.workers?.instances.map(({ address }) => address).toSorted();
  }
}

/** Ends as it should. */
async function end(world: World, crew: readonly Colleague[]): Promise<void> {
  for (const one of crew) one.stop.abort();
  expect(await world.until(Promise.all(crew.map(({ done }) => done)))).toEqual(crew.map(() => undefined));
}

test.each(["returns", "throws"] as const)(
  "one leads and knows the others, who work; whoever lost the lead works again, when its work %s",
  async (manner) => {
    const world = await World.start(3);
    const clients = await world.three();
    const crew = clients.map((client) => new Colleague(client, manner));
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
    await end(world, crew);
    expect(await world.until(operator.coord.registry.find("crew"))).toEqual([]);
  },
);

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

test("whoever loses the lead while it drains works again, and never led", async () => {
  const world = await World.start();
  const [a, b, operator] = await world.three({ sessionTtlMs: 60_000 });
  const first = new Colleague(a);
  await world.pass(500);
  const second = new Colleague(b, "returns", { drainMs: 2_000 });
  await world.pass(500);
  await world.until(operator.coord.election("crew").evict());
  await world.pass(500);
  expect(await world.until(operator.coord.election("crew").leader())).toMatchObject({ id: b.machine });
  expect(await world.until(operator.coord.election("crew").evict())).toBe(b.machine);
  await world.pass(3_000);
  expect(second.led).toBe(0);
  expect([second.isWorking, second.begun]).toEqual([true, 2]);
  expect(first.known).toEqual([b.machine]);
  await end(world, [first, second]);
});

test("nobody is registered as a worker while it leads", async () => {
  const world = await World.start();
  const client = await world.client();
  const other = await world.client();
  const colleague = new Colleague(client, "returns", { id: "w" });
  const { items } = collect(await world.until(other.session.watch("/", { kind: "recursive" })));
  for (let round = 0; round < 5; round += 1) {
    await world.pass(500);
    await world.until(other.coord.election("crew").evict());
  }
  await end(world, [colleague]);
  await world.pass(500);
  let isLeading = false;
  const registered: boolean[] = [];
  for (const item of items) {
    if (item.type === "snapshot") continue;
    if (item.path === "/election/crew/grant") isLeading = item.type !== "deleted";
    if (item.path === "/registry/crew/w" && item.type === "created") registered.push(isLeading);
  }
  expect(registered).toEqual(registered.map(() => false));
  expect(registered.length).toBeGreaterThan(4);
});

test("a worker that was taken out is registered again", async () => {
  const world = await World.start();
  const [a, b, operator] = await world.three();
  const leader = new Colleague(a);
  await world.pass(300);
  const worker = new Colleague(b, "returns", { id: "w" });
  await world.pass(500);
  for (let round = 2; round < 5; round += 1) {
    expect(leader.known).toEqual([b.machine]);
    await world.until(operator.session.delete("/registry/crew/w"));
    await world.pass(500);
    expect([worker.isWorking, worker.begun]).toEqual([true, round]);
  }
  expect(leader.known).toEqual([b.machine]);
  await end(world, [leader, worker]);
});

test("a worker that is started again under its id works once its former life is over", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const leader = new Colleague(a);
  await world.pass(300);
  const former = new Colleague(b, "returns", { id: "w" });
  await world.pass(500);
  expect([former.isWorking, leader.known]).toEqual([true, [b.machine]]);
  world.kernel.node(b.machine).crash();
  const worker = new Colleague(c, "returns", { id: "w" });
  await world.pass(500);
  expect(worker.isWorking).toBe(false);
  await world.pass(4_000);
  expect([worker.isWorking, leader.known]).toEqual([true, [c.machine]]);
  await end(world, [leader, worker]);
});

test("a worker that cannot be registered again is told", async () => {
  const world = await World.start();
  const [a, b, operator] = await world.three();
  const leader = new Colleague(a);
  await world.pass(300);
  const { registry } = b.coord;
  const first = registry.register({ name: "crew", address: "b" });
  let registrations = 0;
  const refusing: Registry = {
    register: async () => {
      registrations += 1;
      if (registrations > 1) throw new FlotillaError("ERR_FLOTILLA_NO_AUTH", "not any more");
      return first;
    },
    find: (name, options) => registry.find(name, options),
    watch: (name, options) => registry.watch(name, options),
    service: (name, options) => registry.service(name, options),
  };
  const told: boolean[] = [];
  const onWorking = (isWorking: boolean): void => void told.push(isWorking);
  const failed = rejection(
    createTeam(b.session, refusing, "crew", { address: "b" }).run({ lead: () => {}, onWorking }),
  );
  await world.pass(300);
  expect(leader.known).toEqual(["b"]);
  await world.until((await first).deregister());
  expect(await world.until(failed)).toMatchObject({ code: "ERR_FLOTILLA_NO_AUTH" });
  expect(told).toEqual([true, false]);
  await world.pass(300);
  expect(await world.until(operator.coord.election("crew").candidates())).toHaveLength(1);
  await end(world, [leader]);
});

test("who is told that it works and fails is taken out again", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const team = coord.team("crew", { address: "a" });
  for (const failing of [true, false]) {
    const onWorking = (isWorking: boolean): void => {
      if (isWorking === failing) throw new Error("of the program");
    };
    const failed = rejection(team.run({ lead: () => {}, onWorking }));
    expect(await world.until(failed)).toMatchObject({ message: "of the program" });
    expect(await world.until(coord.registry.find("crew"))).toEqual([]);
    expect(await world.until(coord.election("crew").candidates())).toEqual([]);
  }
});

test("one that is cut off as it begins to lead leads once it is back, however long that takes", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 60_000 });
  const stop = new AbortController();
  let isCut = false;
  let led = 0;
  const run = client.coord.team("crew", { address: "a" }).run(
    {
      lead: ({ signal }) => {
        led += 1;
        return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
      onWorking: (isWorking) => {
        if (isWorking || isCut) return;
        isCut = true;
        world.isolate(client);
      },
    },
    { signal: stop.signal },
  );
  const ended = run.then(
    () => "resolved",
    (error: unknown) => error,
  );
  await world.pass(20_000);
  expect([isCut, led, client.session.signal.aborted]).toEqual([true, 0, false]);
  expect(await isPending(ended)).toBe(true);
  world.heal(client);
  await world.pass(5_000);
  expect(led).toBe(1);
  stop.abort();
  expect(await world.until(ended)).toBe("resolved");
});

test("however often one is registered again, as much waits for its end as at first", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const service = { name: "crew", address: "a" };
  const waiting: number[] = [];
  const work = new TeamWork({
    register: async (signal) => {
      waiting.push(getEventListeners(signal, "abort").length);
      const registration = await coord.registry.register(service, { signal });
      if (waiting.length < 5) world.kernel.after(100, () => void registration.deregister());
      return registration;
    },
    tell: () => {},
    onFailed: () => {},
  });
  await world.until(work.begin(new AbortController().signal));
  await world.pass(2_000);
  expect(waiting).toEqual([0, 0, 0, 0, 0]);
  await world.until(work.end());
});

test("an instance of a class may take part", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  class Crew {
    readonly told: unknown[] = [];

    onWorking(isWorking: boolean): void {
      this.told.push(isWorking);
    }

    lead({ epoch }: Leadership): Promise<void> {
      this.told.push(epoch > 0);
      return new Promise(() => {});
    }
  }
  const crew = new Crew();
  const run = coord.team("crew", { address: "a" }).run(crew);
  run.catch((error: unknown) => crew.told.push(error));
  await world.pass(1_000);
  expect(crew.told).toEqual([true, false, true]);
});
