import { expect, test } from "vitest";
import type { Shard, Shards, ShardsOptions } from "../../src/recipes/shards/api.ts";
import { type Client, collect, rejection, World } from "./world.ts";

/** Somebody who takes part, and what it owns. */
class Owner {
  readonly shards: Shards;
  readonly owned = new Map<number, Shard>();
  readonly stop = new AbortController();
  readonly done: Promise<unknown>;
  /** Times it began to work on a shard. */
  begun = 0;
  /** Whether it returns when it is to hand over; else it works on until its time is over. */
  heeds = true;

  constructor({ coord, machine }: Client, options: Partial<ShardsOptions> = {}) {
    this.shards = coord.shards("s", { count: 12, id: machine, drainMs: 3_000, ...options });
    this.done = this.shards
      .run((shard) => this.#own(shard), { signal: this.stop.signal })
      .catch((error: unknown) => error);
  }

  get ids(): readonly number[] {
    return [...this.owned.keys()].toSorted((a, b) => a - b);
  }

  async #own(shard: Shard): Promise<void> {
    this.begun += 1;
    this.owned.set(shard.id, shard);
    await fired(this.heeds ? shard.draining : shard.signal);
    this.owned.delete(shard.id);
  }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}

const sizes = (owners: readonly Owner[]): readonly number[] => owners.map(({ owned }) => owned.size);
const allIds = (owners: readonly Owner[]): readonly number[] =>
  owners.flatMap(({ ids }) => ids).toSorted((a, b) => a - b);
const twelve = Array.from({ length: 12 }, (_, shard) => shard);

test("those who come together share at once, and a newcomer is handed its part", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const owners = clients.slice(0, 2).map((client) => new Owner(client));
  await world.pass(1_000);
  expect(sizes(owners)).toEqual([6, 6]);
  expect(owners.map(({ begun }) => begun)).toEqual([6, 6]);
  const third = new Owner(clients[2]);
  await world.pass(1_000);
  expect(sizes([...owners, third])).toEqual([4, 4, 4]);
  expect(allIds([...owners, third])).toEqual(twelve);
  // No more moved than had to.
  expect(owners.map(({ begun }) => begun)).toEqual([6, 6]);
  expect(third.begun).toBe(4);
});

test("what a dead owner had is owned again, with larger epochs", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const owners = clients.map((client) => new Owner(client));
  await world.pass(1_000);
  for (const dead of [0, 1]) {
    const before = [...(owners[dead]?.owned.values() ?? [])].map(({ id, epoch }) => ({ id, epoch }));
    world.kernel.node(clients[dead]?.machine ?? "").crash();
    await world.pass(4_000);
    const left = owners.slice(dead + 1);
    expect(allIds(left)).toEqual(twelve);
    for (const { id, epoch } of before) {
      const shard = left.map(({ owned }) => owned.get(id)).find((one) => one !== undefined);
      expect(shard?.epoch).toBeGreaterThan(epoch);
    }
  }
});

test("a shard that is handed over has its time to drain, and the next owner begins only then", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const slow = new Owner(a);
  slow.heeds = false;
  await world.pass(1_000);
  const shards = [...slow.owned.values()];
  const quick = new Owner(b);
  await world.pass(1_000);
  const moving = shards.filter(({ draining }) => draining.aborted);
  expect(moving).toHaveLength(6);
  expect(moving.filter(({ signal }) => signal.aborted)).toEqual([]);
  expect(quick.begun).toBe(0);
  await world.pass(3_000);
  expect(moving.every(({ signal }) => signal.aborted)).toBe(true);
  expect(quick.ids).toEqual(moving.map(({ id }) => id));
  for (const { id, epoch } of moving) expect(quick.owned.get(id)?.epoch).toBeGreaterThan(epoch);
});

test("whoever stops drains all, and leaves nothing behind", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const first = new Owner(a);
  const second = new Owner(b);
  await world.pass(1_000);
  first.stop.abort();
  expect(await world.until(first.done)).toBe(undefined);
  await world.pass(500);
  expect(second.ids).toEqual(twelve);
  second.stop.abort();
  expect(await world.until(second.done)).toBe(undefined);
  await world.pass(10_000);
  expect(await world.until(c.session.exists("/shards/s"))).toBe(null);
});

test("a shard without work is owned on, and given up at once when it is another's", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const options = { count: 4, drainMs: 60_000 };
  let begun = 0;
  const idle = a.coord.shards("s", options).run(() => void (begun += 1));
  await world.pass(2_000);
  expect(begun).toBe(4);
  const other = new Owner(b, options);
  await world.pass(1_000);
  expect(other.owned.size).toBe(2);
  idle.catch(() => {});
});

test("weights count, and without weight one owns nothing", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const owners = [
    new Owner(a, { weight: 3 }),
    new Owner(b, { weight: 1 }),
    new Owner(c, { weight: 0, strategy: "rendezvous" }),
  ];
  await world.pass(1_000);
  expect(sizes(owners)).toEqual([9, 3, 0]);
});

test("the map is seen by everybody, and followed", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const seen = collect(c.coord.shards("s", { count: 12 }).observe());
  await world.pass(100);
  expect(seen.items.map(({ size }) => size)).toEqual([0]);
  const first = new Owner(a, { value: "10.0.0.1" });
  await world.pass(1_000);
  const view = c.coord.shards("s", { count: 12 });
  expect(await world.until(view.owner(7))).toEqual({
    id: a.machine,
    value: "10.0.0.1",
    epoch: first.owned.get(7)?.epoch,
  });
  const second = new Owner(b, { value: "10.0.0.2" });
  await world.pass(1_000);
  const map = await world.until(view.map());
  for (const [shard, { value }] of map) expect(value).toBe(first.owned.has(shard) ? "10.0.0.1" : "10.0.0.2");
  expect(seen.items.at(-1)).toEqual(map);
  expect(second.owned.size).toBe(6);
  expect(await world.until(c.coord.shards("other", { count: 1 }).owner(0))).toBe(null);
  await world.until(c.coord.close());
  await world.until(seen.done);
});

test("a key belongs to one shard, whoever asks", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const shards = coord.shards("s", { count: 16 });
  const counts = new Map<number, number>();
  for (let k = 0; k < 1_600; k += 1) {
    const shard = shards.of(`customer-${k}`);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted((x, y) => x - y)).toEqual(Array.from({ length: 16 }, (_, at) => at));
  expect(Math.min(...counts.values())).toBeGreaterThan(60);
  expect(shards.of("customer-1")).toBe(coord.shards("other", { count: 16 }).of("customer-1"));
});

test("a lapse of belief ends all that is owned, and it is owned anew with the session back", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const owner = new Owner(client);
  await world.pass(1_000);
  const before = [...owner.owned.values()];
  await world.lapse(client);
  expect(before.every(({ signal }) => signal.aborted)).toBe(true);
  expect(() => before[0]?.assert()).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_LOST" }));
  world.heal(client);
  await world.pass(2_000);
  expect(owner.ids).toEqual(twelve);
  for (const { id, epoch } of before) expect(owner.owned.get(id)?.epoch).toBeGreaterThan(epoch);
});

test("work that fails ends it for whoever it fails, and others own what it had", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const failing = a.coord.shards("s", { count: 4 }).run(({ id }) => {
    if (id === 2) throw new Error("no such table");
  });
  const error = rejection(failing);
  expect(await world.until(error)).toMatchObject({ message: "no such table" });
  const other = new Owner(b, { count: 4 });
  await world.pass(1_000);
  expect(other.owned.size).toBe(4);
});

test("whoever counts another number of shards is told, while anybody takes part", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const first = new Owner(a);
  await world.pass(1_000);
  const refused = rejection(b.coord.shards("s", { count: 13 }).run(() => {}));
  expect(await world.until(refused)).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  first.stop.abort();
  await world.until(first.done);
  const second = new Owner(b, { count: 13 });
  await world.pass(1_000);
  expect(second.owned.size).toBe(13);
  for (const bad of [{ count: 0 }, { count: 5_000 }, { weight: -1 }, { drainMs: Number.NaN }, { id: "" }])
    expect(() => a.coord.shards("s", { count: 2, ...bad })).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
});

test("the end of the session ends it, in time", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const first = new Owner(a);
  const second = new Owner(b);
  await world.pass(1_000);
  const before = [...first.owned.values()];
  const closing = a.coord.close();
  await world.until(closing);
  expect(before.every(({ signal }) => signal.aborted)).toBe(true);
  expect(await world.until(first.done)).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
  await world.pass(500);
  expect(second.ids).toEqual(twelve);
});

test("a node that somebody takes away ends the shard, and it is owned again", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const owner = new Owner(a);
  await world.pass(1_000);
  const shard = owner.owned.get(5);
  const refused = rejection(b.session.delete("/shards/s/owned/5"));
  expect(await world.until(refused)).toMatchObject({ code: "ERR_FLOTILLA_HELD" });
  await world.until(b.session.delete("/shards/s/owned/5", { force: true }));
  await world.pass(500);
  expect(shard?.signal.aborted).toBe(true);
  expect(owner.owned.get(5)?.epoch).toBeGreaterThan(shard?.epoch ?? 0);
});

test("a node that is another's at once ends that shard alone", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const owner = new Owner(a);
  await world.pass(1_000);
  const shard = owner.owned.get(5);
  const path = "/shards/s/owned/5";
  const other = { type: "create", path, value: "{}", ephemeral: true, guarded: true } as const;
  await world.until(b.session.multi([{ type: "delete", path, force: true }, other]));
  await world.pass(500);
  expect(shard?.signal.aborted).toBe(true);
  expect(owner.ids).toEqual(twelve.filter((id) => id !== 5));
  await world.until(b.coord.close());
  await world.pass(500);
  expect(owner.ids).toEqual(twelve);
});

test("fences of a shard hold until it is another's", async () => {
  const world = await World.start();
  const [a] = await world.three();
  const owner = new Owner(a);
  await world.pass(1_000);
  const shard = owner.owned.get(1) as Shard;
  const { fence } = shard;
  await world.until(a.session.create("/out", "1", { fence }));
  shard.assert();
  await world.until(shard.release());
  const late = rejection(a.session.set("/out", "2", { fence }));
  expect(await world.until(late)).toMatchObject({ code: "ERR_FLOTILLA_FENCED" });
  await world.pass(500);
  expect(owner.owned.get(1)?.epoch).toBeGreaterThan(shard.epoch);
});

test("many shards that change hands at once are one piece of news", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  const { items } = collect(two.coord.shards("s", { count: 1_000 }).observe());
  await world.pass(100);
  const owner = new Owner(one, { count: 1_000 });
  await world.pass(1_000);
  const claimed = items.map((map) => map.size);
  expect(claimed.at(-1)).toBe(1_000);
  // A few commands, each of which takes as many as one may.
  expect(claimed.length).toBeLessThan(20);
  owner.stop.abort();
  await world.pass(1_000);
  expect(items.at(-1)?.size).toBe(0);
  expect(items.length).toBeLessThan(40);
});
