import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { Counter } from "./counter.ts";
import { World } from "./world.ts";

const ids = ["a", "b", "c"];
const timeoutMs = 120_000;

test(
  "a failed write stops the node with the storage error, and the others go on",
  { timeout: timeoutMs },
  async () => {
    const world = new World(1, ids);
    await world.startAll();
    const leader = await world.untilLeader();
    const { id } = leader.node;
    world.kernel.node(id).disk.failNext("sync");
    const outcome = world.propose(leader, "1").then(
      () => "resolved",
      (error: unknown) => (FlotillaError.is(error) ? error.code : "other"),
    );
    await world.runFor(10_000);
    expect(leader.stopped).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_STORAGE" } });
    expect(await outcome).toBe("ERR_FLOTILLA_UNKNOWN_OUTCOME");
    const next = await world.untilLeader();
    expect(next.node.id).not.toBe(id);
    expect((await world.kernel.until(world.propose(next, "1"))).result).toBeGreaterThan(0);
  },
);

test("a leader whose disk hangs makes way for another", { timeout: timeoutMs }, async () => {
  const world = new World(2, ids);
  await world.startAll();
  const leader = await world.untilLeader();
  const { id } = leader.node;
  world.kernel.node(id).disk.stick();
  void world.propose(leader, "1").catch(() => {});
  await world.runFor(10_000);
  const next = await world.untilLeader();
  expect(next.node.id).not.toBe(id);
  expect((await world.kernel.until(world.propose(next, "2"))).index).toBeGreaterThan(0);
  world.kernel.node(id).disk.unstick();
  await world.runFor(5000);
  expect(leader.stopped).toBeNull();
  expect(leader.counter.applied).toEqual(next.counter.applied);
});

test(
  "leadership is handed over, and what is proposed meanwhile gets through",
  { timeout: timeoutMs },
  async () => {
    const world = new World(4, ids);
    await world.startAll();
    const leader = await world.untilLeader();
    await world.runFor(2000);
    const { term } = leader.node.status();
    const target = ids.find((id) => id !== leader.node.id) ?? "";
    const before = Array.from({ length: 5 }, (_, k) => world.propose(leader, String(k)));
    await world.runFor(0.5);
    const handedOver = leader.node.transfer(target);
    const during = Array.from({ length: 5 }, (_, k) =>
      world.propose(leader, String(10 + k)).catch((error: unknown) => error),
    );
    expect(await world.kernel.until(handedOver)).toBe(target);
    await world.kernel.until(Promise.all(before));
    for (const outcome of await world.kernel.until(Promise.all(during)))
      if (FlotillaError.is(outcome)) expect(outcome.code).toBe("ERR_FLOTILLA_DROPPED");
    const next = await world.untilLeader();
    expect(next.node.status()).toMatchObject({ id: target, term: term + 1 });
    expect((await world.kernel.until(world.propose(leader, "20"))).term).toBe(term + 1);
  },
);

test(
  "a snapshot that is durable before the rest of its task is applied harms nobody",
  { timeout: timeoutMs },
  async () => {
    const world = new World(7, ["a"], { snapshotEntries: 4, limits: { maxApplyEntries: 1 } });
    const machine = world.kernel.node("a");
    const counter = new Counter();
    const apply = counter.apply.bind(counter);
    counter.apply = (command) => {
      machine.stall(5);
      return apply(command);
    };
    await world.start("a", counter);
    const leader = await world.untilLeader();
    await world.kernel.until(
      Promise.all(Array.from({ length: 60 }, (_, k) => world.propose(leader, String(k)))),
    );
    await world.runFor(1000);
    expect(leader.stopped).toBeNull();
    expect(counter.applied).toHaveLength(60);
  },
);

test("a second hand-over is refused and leaves the first alone", { timeout: timeoutMs }, async () => {
  const world = new World(6, ids);
  await world.startAll();
  const leader = await world.untilLeader();
  await world.runFor(2000);
  const [first = "", second = ""] = ids.filter((id) => id !== leader.node.id);
  const handedOver = leader.node.transfer(first);
  await expect(leader.node.transfer(second)).rejects.toMatchObject({ code: "ERR_FLOTILLA_NOT_TRANSFERRED" });
  expect(await world.kernel.until(handedOver)).toBe(first);
});

test("what waits during a hand-over is bounded", { timeout: timeoutMs }, async () => {
  const world = new World(7, ids);
  await world.startAll();
  const leader = await world.untilLeader();
  await world.runFor(2000);
  const target = ids.find((id) => id !== leader.node.id) ?? "";
  world.crash(target, true);
  const handedOver = leader.node.transfer(target);
  await world.runFor(10);
  const codes = Array.from({ length: 8_200 }, (_, k) =>
    world.propose(leader, String(k)).then(
      () => "applied",
      (error: unknown) => (FlotillaError.is(error) ? error.code : "other"),
    ),
  );
  await expect(world.kernel.until(handedOver)).rejects.toMatchObject({
    code: "ERR_FLOTILLA_NOT_TRANSFERRED",
  });
  const outcomes = await world.kernel.until(Promise.all(codes));
  expect(outcomes.filter((code) => code === "applied").length).toBe(8_192);
  expect(outcomes.slice(8_192)).toEqual(Array.from({ length: 8 }, () => "ERR_FLOTILLA_OVERLOADED"));
});

test("a hand-over to a member that is down comes to nothing", { timeout: timeoutMs }, async () => {
  const world = new World(5, ids);
  await world.startAll();
  const leader = await world.untilLeader();
  const target = ids.find((id) => id !== leader.node.id) ?? "";
  world.crash(target, true);
  const refused = { code: "ERR_FLOTILLA_NOT_TRANSFERRED" };
  const handedOver = leader.node.transfer(target);
  const proposed = world.propose(leader, "1");
  await expect(leader.node.transfer()).rejects.toMatchObject(refused);
  await expect(world.kernel.until(handedOver)).rejects.toMatchObject(refused);
  expect((await world.kernel.until(proposed)).index).toBeGreaterThan(0);
  expect(leader.node.status().role).toBe("leader");
  await expect(world.kernel.until(leader.node.transfer(leader.node.id))).rejects.toMatchObject(refused);
});

test("a leader whose event loop stalls again and again hands over", { timeout: timeoutMs }, async () => {
  const world = new World(8, ids);
  await world.startAll();
  const leader = await world.untilLeader();
  const { id } = leader.node;
  await world.runFor(2000);
  for (let k = 0; k < 8; k += 1) {
    world.kernel.node(id).stall(700);
    await world.runFor(1000);
  }
  expect(world.kernel.probes.get("raft-leader-stalls")).toBe(1);
  expect(world.kernel.probes.get("raft-leader-without-quorum") ?? 0).toBe(0);
  const next = await world.untilLeader();
  expect(next.node.id).not.toBe(id);
  expect((await world.kernel.until(world.propose(next, "1"))).index).toBeGreaterThan(0);
});

test.each([0, 1, 2])(
  "a member whose event loop was blocked for 3 election timeouts changes no term, seed %d",
  { timeout: timeoutMs },
  async (seed) => {
    const world = new World(seed, ids);
    await world.startAll();
    const leader = await world.untilLeader();
    await world.runFor(2000);
    const { term } = leader.node.status();
    for (let trial = 0; trial < 20; trial += 1) {
      const followers = ids.filter((id) => id !== leader.node.id);
      world.kernel.node(followers[trial % 2] ?? "").stall(3000);
      await world.runFor(3000 + 137 * (trial + 1));
      for (const { node } of world.running.values()) expect(node.status().term).toBe(term);
    }
    expect(leader.node.status()).toMatchObject({ role: "leader", term });
  },
);

test("quiet links stay up", { timeout: timeoutMs }, async () => {
  const world = new World(3, ids);
  await world.startAll();
  const { term } = (await world.untilLeader()).node.status();
  await world.runFor(120_000);
  for (const { node } of world.running.values()) {
    const status = node.status();
    expect(status.term).toBe(term);
    expect(status.peers.every(({ connected }) => connected)).toBe(true);
  }
});

/** Proposes, crashes and restarts at random. What was acknowledged must be there in the end, once, in one order. */
async function storm(seed: number): Promise<string> {
  const world = new World(seed, ids, { snapshotEntries: 25, trailingEntries: 5 });
  const random = world.kernel.random("storm");
  const acknowledged: string[] = [];
  const refused: string[] = [];
  await world.startAll();
  let next = 1;
  for (let round = 0; round < 12; round += 1) {
    for (let k = 0; k < 15; k += 1) {
      const [process] = [...world.running.values()].slice(random.below(world.running.size));
      const text = String(next);
      next += 1;
      if (process === undefined) continue;
      world.propose(process, text).then(
        () => acknowledged.push(text),
        (error: unknown) => FlotillaError.is(error, "ERR_FLOTILLA_DROPPED") && refused.push(text),
      );
      await world.runFor(random.below(60));
    }
    const victim = ids[random.below(ids.length)] ?? "a";
    world.crash(victim, random.below(2) === 0);
    await world.runFor(random.below(4000));
    await world.start(victim);
    await world.runFor(random.below(1500));
  }
  await world.runFor(10_000);
  const last = await world.untilLeader();
  await world.kernel.until(world.propose(last, "0"));
  await world.runFor(5000);
  const [first, ...rest] = [...world.running.values()];
  for (const { counter } of rest) expect(counter.applied).toEqual(first?.counter.applied);
  const applied = new Set(first?.counter.applied);
  expect(applied.size).toBe(first?.counter.applied.length);
  expect(acknowledged.filter((text) => !applied.has(text))).toEqual([]);
  expect(refused.filter((text) => applied.has(text))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(50);
  for (const process of world.running.values()) expect(process.stopped).toBeNull();
  return world.kernel.traceHash;
}

test.each([11, 12, 13, 14, 15, 16])(
  "nothing acknowledged is lost when members crash, seed %d",
  { timeout: timeoutMs },
  async (seed) => {
    await storm(seed);
  },
);

test("the same seed is the same story", { timeout: timeoutMs }, async () => {
  expect(await storm(21)).toBe(await storm(21));
});
