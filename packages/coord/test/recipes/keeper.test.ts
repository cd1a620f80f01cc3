import { expect, test } from "vitest";
import type { Keeper, KeeperOptions, KeptWorker, Slot } from "../../src/recipes/keeper/api.ts";
import { functionDriver } from "../../src/recipes/keeper/drivers.ts";
import { type Client, rejection, World } from "./world.ts";

const ignore = (): void => {};

/** A worker of a keeper, which the test can end. */
interface Worker {
  readonly slot: Slot;
  readonly atMs: number;
  readonly end: (how: string) => void;
}

/** Somebody who keeps workers, and those that run now. */
class Host {
  readonly keeper: Keeper;
  readonly stop = new AbortController();
  readonly done: Promise<unknown>;
  readonly running = new Set<Worker>();
  readonly calls: string[] = [];
  started = 0;
  /** How long one takes to end that is asked to; null: it does not. */
  endsAfterMs: number | null = 0;
  startFault: string | null = null;
  readonly #world: World;

  constructor(world: World, { coord, machine }: Client, options: KeeperOptions = {}) {
    this.#world = world;
    const driver = (slot: Slot): KeptWorker => this.#start(slot);
    this.keeper = coord.keeper("k", { replicas: 4, id: machine, drainMs: 3_000, driver, ...options });
    this.done = this.keeper.run({ signal: this.stop.signal }).catch((error: unknown) => error);
  }

  get slots(): readonly number[] {
    return [...this.running].map(({ slot }) => slot.index).toSorted((a, b) => a - b);
  }

  worker(index: number): Worker {
    const found = [...this.running].find(({ slot }) => slot.index === index);
    if (found === undefined) throw new Error(`no worker in slot ${index}`);
    return found;
  }

  #start(slot: Slot): KeptWorker {
    this.started += 1;
    if (this.startFault !== null) throw new Error(this.startFault);
    let end: (how: string) => void = ignore;
    const ended = new Promise<string>((resolve) => {
      end = (how) => {
        this.running.delete(worker);
        resolve(how);
      };
    });
    const worker: Worker = { slot, atMs: this.#world.kernel.nowMs, end };
    this.running.add(worker);
    const stop = (): void => {
      this.calls.push(`stop ${slot.index}`);
      if (this.endsAfterMs !== null) this.#world.kernel.after(this.endsAfterMs, () => end("stopped"));
    };
    const kill = (): void => {
      this.calls.push(`kill ${slot.index}`);
      end("killed");
    };
    return { ended, stop, kill };
  }
}

const allSlots = (hosts: readonly Host[]): readonly number[] =>
  hosts.flatMap(({ slots }) => slots).toSorted((a, b) => a - b);

test("so many run as are wanted, spread over those who keep them", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const hosts = clients.map((client) => new Host(world, client));
  await world.pass(1_000);
  expect(allSlots(hosts)).toEqual([0, 1, 2, 3]);
  expect(hosts.map(({ running }) => running.size).toSorted((a, b) => a - b)).toEqual([1, 1, 2]);
  expect(hosts.reduce((sum, { started }) => sum + started, 0)).toBe(4);
});

test("a worker that ends is replaced at once, in the same slot, and then ever later", async () => {
  const world = await World.start();
  const client = await world.client();
  const host = new Host(world, client, { replicas: 1 });
  await world.pass(1_000);
  const waits: number[] = [];
  for (let k = 0; k < 6; k += 1) {
    const { slot, end } = host.worker(0);
    const endedMs = world.kernel.nowMs;
    end("exit code 1");
    await world.pass(4_000);
    expect(host.worker(0).slot.epoch).toBe(slot.epoch);
    waits.push(Math.round(host.worker(0).atMs - endedMs));
  }
  expect(waits).toEqual([0, 100, 200, 400, 800, 1_600]);
  const [slot] = (await world.until(host.keeper.status())).slots;
  expect(slot).toMatchObject({ state: "running", restarts: 6, lastEnd: "exit code 1" });
  // It ran for long enough: a new row.
  await world.pass(10_000);
  const endedMs = world.kernel.nowMs;
  host.worker(0).end("exit code 1");
  await world.pass(100);
  expect(host.worker(0).atMs).toBeCloseTo(endedMs, 0);
});

test("no more restarts than the budget has", async () => {
  const world = await World.start();
  const client = await world.client();
  const restarts = { backoffMs: 1, maxBackoffMs: 1, budget: 3, budgetMs: 60_000 };
  const host = new Host(world, client, { replicas: 1, restarts });
  host.startFault = "no such file";
  await world.pass(30_000);
  expect(host.started).toBe(4);
  const { slots } = await world.until(host.keeper.status());
  expect(slots).toMatchObject([{ state: "backoff", restarts: 3, lastEnd: "not started: no such file" }]);
  await world.pass(60_000);
  expect(host.started).toBe(7);
  host.stop.abort();
  expect(await world.until(host.done)).toBe(undefined);
});

test("workers of a keeper that died run elsewhere, with larger epochs", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const hosts = clients.map((client) => new Host(world, client, { replicas: 6 }));
  await world.pass(1_000);
  const [dead, ...others] = hosts as [Host, Host, Host];
  const before = [...dead.running].map(({ slot }) => slot);
  world.kernel.node(clients[0].machine).crash();
  await world.pass(4_000);
  expect(allSlots(others)).toEqual([0, 1, 2, 3, 4, 5]);
  for (const { index, epoch } of before) {
    const { slot } = (others[0].slots.includes(index) ? others[0] : others[1]).worker(index);
    expect(slot.epoch).toBeGreaterThan(epoch);
  }
});

test("scaling starts and ends workers, until it is taken back", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const hosts = [new Host(world, a), new Host(world, b)];
  await world.pass(1_000);
  const operator = c.coord.keeper("k");
  await world.until(operator.scale(7));
  await world.pass(1_000);
  expect(allSlots(hosts)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  await world.until(operator.scale(0));
  await world.pass(1_000);
  expect(allSlots(hosts)).toEqual([]);
  expect(await world.until(operator.status())).toEqual({ replicas: 0, slots: [] });
  await world.until(operator.scale(null));
  await world.until(operator.scale(null));
  await world.pass(1_000);
  expect(allSlots(hosts)).toEqual([0, 1, 2, 3]);
});

test("the status says who has which slot, and how it is", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const operator = b.coord.keeper("k", { replicas: 2 });
  const vacant = { state: "vacant", owner: null, restarts: 0, lastEnd: null };
  expect(await world.until(operator.status())).toEqual({
    replicas: 2,
    slots: [
      { index: 0, ...vacant },
      { index: 1, ...vacant },
    ],
  });
  const host = new Host(world, a, { replicas: 1, value: "rack 7" });
  await world.pass(1_000);
  const { epoch } = host.worker(0).slot;
  const owner = { id: a.machine, value: "rack 7", epoch };
  const running = { index: 0, state: "running", owner, restarts: 0, lastEnd: null };
  expect(await world.until(operator.status())).toEqual({ replicas: 1, slots: [running] });
});

test("whoever stops asks its workers to end, and hands their slots over when they have", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const leaving = new Host(world, a, { replicas: 2 });
  leaving.endsAfterMs = 1_000;
  await world.pass(1_000);
  const staying = new Host(world, b, { replicas: 2, weight: 0 });
  const next = new Host(world, b, { replicas: 2 });
  await world.pass(4_000);
  expect([leaving, staying, next].map(({ running }) => running.size)).toEqual([1, 0, 1]);
  leaving.stop.abort();
  await world.pass(900);
  expect(next.running.size).toBe(1);
  expect(await world.until(leaving.done)).toBe(undefined);
  expect(leaving.running.size).toBe(0);
  expect(leaving.calls.filter((call) => call.startsWith("kill"))).toEqual([]);
  await world.pass(500);
  expect(next.slots).toEqual([0, 1]);
});

test("a worker that does not end is killed before another one has its slot", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const stubborn = new Host(world, a, { replicas: 1 });
  stubborn.endsAfterMs = null;
  await world.pass(1_000);
  const { slot } = stubborn.worker(0);
  stubborn.stop.abort();
  const next = new Host(world, b, { replicas: 1 });
  await world.pass(2_900);
  expect(stubborn.calls).toEqual(["stop 0"]);
  expect(next.started).toBe(0);
  await world.pass(600);
  expect(stubborn.calls).toEqual(["stop 0", "kill 0"]);
  expect(next.worker(0).slot.epoch).toBeGreaterThan(slot.epoch);
});

test("whoever is cut off kills its workers before others have their slots", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const host = new Host(world, a, { replicas: 2 });
  await world.pass(1_000);
  const signals = [...host.running].map(({ slot }) => world.firing(slot.signal));
  await world.lapse(a);
  expect(host.running.size).toBe(0);
  expect(host.calls.filter((call) => call.startsWith("kill"))).toHaveLength(2);
  const next = new Host(world, b, { replicas: 2 });
  await world.pass(4_000);
  expect(next.slots).toEqual([0, 1]);
  for (const { atMs } of next.running) for (const fired of signals) expect(fired.atMs).toBeLessThan(atMs);
});

test("functions are workers", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const stop = new AbortController();
  const seen: string[] = [];
  const driver = functionDriver(async ({ index, draining }) => {
    seen.push(`begin ${index}`);
    if (seen.length === 1) throw new Error("first");
    if (seen.length === 2) return;
    await new Promise<void>((resolve) => {
      draining.addEventListener("abort", () => resolve());
    });
    seen.push("end");
  });
  const keeper = coord.keeper("f", { driver });
  const done = keeper.run({ signal: stop.signal });
  await world.pass(1_000);
  expect(seen).toEqual(["begin 0", "begin 0", "begin 0"]);
  expect((await world.until(keeper.status())).slots).toMatchObject([{ restarts: 2, lastEnd: "returned" }]);
  stop.abort();
  await world.until(done);
  expect(seen.at(-1)).toBe("end");
  await world.pass(10_000);
  expect(await world.until(coord.session.exists("/keeper/f"))).toBe(null);
});

test("what makes no sense is refused", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const bad = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect(await world.until(rejection(coord.keeper("k").run()))).toEqual(bad);
  expect(await world.until(rejection(coord.keeper("k").scale(5_000)))).toEqual(bad);
  for (const options of [{ replicas: -1 }, { weight: 0.5 }, { drainMs: -1 }, { restarts: { budget: 0 } }])
    expect(() => coord.keeper("k", options)).toThrow(bad);
  expect(() => coord.keeper("a/b")).toThrow(bad);
});
