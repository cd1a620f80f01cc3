import { encodeCommand, Machine } from "@flotilla/kv";
import type { Applied, Operation } from "@flotilla/kv";
import type { Proposed, ProposeOptions } from "@flotilla/raft";
import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { Reaper } from "../../src/server/reaper.ts";
import { FakeClock } from "./fake-clock.ts";

const session = "5".repeat(32);

class World {
  readonly clock = new FakeClock();
  readonly machine = new Machine();
  readonly reaper: Reaper;
  readonly proposed: { readonly ifTerm: number | undefined; readonly applied: Applied | null }[] = [];
  /** What the log does with the next commands. */
  refuses = false;
  /** So much is the time of the log ahead of the wall clock here. */
  aheadMs = 0;
  #index = 0;
  #seq = 0;

  constructor() {
    this.reaper = new Reaper({
      clock: this.clock,
      machine: this.machine,
      raft: { propose: (payload, options) => this.#propose(payload, options) },
    });
    const secret = new Uint8Array(16);
    this.#apply(encodeCommand({ type: "attach", session, secret, attach: 1, ttlMs: 10_000 }));
  }

  send(operation: Operation): void {
    this.#seq += 1;
    const seq = this.#seq;
    this.#apply(encodeCommand({ type: "request", session, attach: 1, seq, ack: seq - 1, operation }));
  }

  make(path: string, kind: { readonly ttlMs?: number; readonly container?: boolean } = {}): void {
    const value = new Uint8Array();
    this.send({ type: "create", path, value, lease: null, sequential: false, guarded: false, ...kind });
  }

  lead(term: number): void {
    this.reaper.onStatus({ role: "leader", term, established: true });
  }

  follow(term: number): void {
    this.reaper.onStatus({ role: "follower", term, established: false });
  }

  #apply(payload: Uint8Array): Applied {
    this.#index += 1;
    const timeMs = this.clock.wallNow() + this.aheadMs;
    const applied = this.machine.apply(payload, { index: this.#index, timeMs });
    this.reaper.onApplied(applied, timeMs);
    return applied;
  }

  async #propose(payload: Uint8Array, options: ProposeOptions | undefined): Promise<Proposed> {
    if (this.refuses) {
      this.proposed.push({ ifTerm: options?.ifTerm, applied: null });
      throw new FlotillaError("ERR_FLOTILLA_DROPPED", "not now");
    }
    if (options?.isReserved !== true) throw new Error("the log is full for all that frees nothing");
    const applied = this.#apply(payload.slice());
    this.proposed.push({ ifTerm: options.ifTerm, applied });
    return { index: this.#index, term: options.ifTerm ?? 0, result: applied };
  }
}

test("the leader has a node deleted within about a second after its ttl, for its own term only", async () => {
  const world = new World();
  world.lead(7);
  world.make("/t", { ttlMs: 5_000 });
  await world.clock.advance(5_000);
  expect(world.machine.exists("/t")).not.toBeNull();
  expect(world.proposed).toEqual([]);
  await world.clock.advance(1_100);
  expect(world.machine.exists("/t")).toBeNull();
  expect(world.proposed).toEqual([{ ifTerm: 7, applied: { type: "reaped", paths: ["/t"] } }]);
});

test("a node goes in time although an earlier leader, whose wall clock was ahead, left the log an hour ahead", async () => {
  const world = new World();
  world.aheadMs = 3_600_000;
  world.lead(1);
  world.make("/t", { ttlMs: 5_000 });
  await world.clock.advance(5_000);
  expect(world.machine.exists("/t")).not.toBeNull();
  // The time of the log passes half as fast as that of a clock until this has caught up.
  await world.clock.advance(6_100);
  expect(world.machine.exists("/t")).toBeNull();
  expect(world.proposed).toHaveLength(1);
});

test("a wall clock here that is ahead of the log has nothing proposed again and again that is not over by the log", async () => {
  const world = new World();
  world.aheadMs = -3_600_000;
  world.lead(1);
  world.make("/t", { ttlMs: 60_000 });
  await world.clock.advance(59_000);
  expect(world.machine.exists("/t")).not.toBeNull();
  // By the answer to the first it knows what the log makes of its clock.
  expect(world.proposed).toHaveLength(1);
  await world.clock.advance(2_100);
  expect(world.machine.exists("/t")).toBeNull();
  expect(world.proposed).toHaveLength(2);
});

test("a container goes after its last child, and the container around it after that", async () => {
  const world = new World();
  world.lead(1);
  world.make("/a", { container: true });
  world.make("/a/b", { container: true });
  world.make("/a/b/c");
  await world.clock.advance(10_000);
  expect(world.machine.nodes).toBe(4);
  world.send({ type: "delete", path: "/a/b/c", if: {}, force: false });
  await world.clock.advance(3_000);
  expect(world.machine.nodes).toBe(1);
});

test("it sets no timer while it does not lead or there is nothing to look after", async () => {
  const world = new World();
  world.make("/t", { ttlMs: 1 });
  expect(world.clock.timers).toBe(0);
  world.lead(1);
  expect(world.clock.timers).toBe(1);
  await world.clock.advance(2_000);
  expect([world.machine.nodes, world.clock.timers]).toEqual([1, 0]);
  world.make("/plain");
  expect(world.clock.timers).toBe(0);
  world.make("/t", { ttlMs: 1 });
  expect(world.clock.timers).toBe(1);
  world.follow(2);
  expect(world.clock.timers).toBe(0);
  world.lead(3);
  await world.clock.advance(2_000);
  expect(world.proposed.map(({ ifTerm }) => ifTerm)).toEqual([1, 3]);
  world.make("/t", { ttlMs: 1 });
  world.reaper.close();
  world.lead(4);
  expect(world.clock.timers).toBe(0);
});

test("what the log refused is proposed again by a later look", async () => {
  const world = new World();
  world.lead(1);
  world.make("/t", { ttlMs: 1 });
  world.refuses = true;
  await world.clock.advance(3_500);
  expect(world.proposed).toHaveLength(3);
  world.refuses = false;
  await world.clock.advance(1_100);
  expect(world.machine.exists("/t")).toBeNull();
});

test("many are deleted in small commands, one at a time", async () => {
  const world = new World();
  world.lead(1);
  for (let n = 0; n < 2_500; n += 1) world.make(`/t${n}`, { ttlMs: 1 });
  await world.clock.advance(3_000);
  expect(world.machine.nodes).toBe(1);
  for (const { applied } of world.proposed)
    expect(applied?.type === "reaped" ? applied.paths.length : 99).toBeLessThanOrEqual(64);
});
