import fc from "fast-check";
import { expect, test } from "vitest";
import { faultKinds, makePlan, readPlan, standardPlan } from "../src/index.ts";

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

test("a seed always gives the same plan, and it survives being written down", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const plan = makePlan(seed);
      expect(makePlan(seed)).toEqual(plan);
      expect(readPlan(JSON.stringify(plan))).toEqual(plan);
    }),
  );
});

test("every world is long enough and disturbed enough", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { nodes, clients, config, faults } = makePlan(seed);
      expect(nodes).toBeGreaterThanOrEqual(3);
      expect(nodes).toBeLessThanOrEqual(5);
      expect(clients.length).toBeGreaterThanOrEqual(3);
      expect(clients.length).toBeLessThanOrEqual(6);
      expect(config.loadMs).toBeGreaterThanOrEqual(60_000);
      expect(faults.length).toBeGreaterThanOrEqual(8);
      expect(new Set(faults.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(3);
      expect(faults.every(({ atMs }) => atMs < config.loadMs)).toBe(true);
    }),
  );
});

test("where links carry little more than the load, a learner finds the log that came in while it got the snapshot", () => {
  const { config } = makePlan(73_080);
  expect(config.latency.meanMs).toBe(15);
  expect(config.limits).toMatchObject({ maxBatchBytes: 60, inflightMessages: 2 });
  expect(config.trailingBytes).toBeGreaterThan(0);
});

test("where links carry little more than the load, sessions last for longer than it takes to open one", () => {
  const { clients, config } = makePlan(77_014);
  expect(config.limits).toMatchObject({ maxBatchEntries: 1, inflightMessages: 1 });
  expect(Math.min(...clients.map(({ ttlMs }) => ttlMs))).toBeGreaterThanOrEqual(1500);
  const others = [1, 2, 3].flatMap((seed) => makePlan(seed).clients);
  expect(others.some(({ ttlMs }) => ttlMs < 1500)).toBe(true);
});

test("the standard mix is the world of the seed at an even pace", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { nodes, clients, config, faults } = standardPlan(seed);
      const swarm = makePlan(seed);
      const struck = faults.map(({ atMs: _atMs, ...what }) => what);
      expect(struck).toEqual(swarm.faults.map(({ atMs: _atMs, when: _when, ...what }) => what));
      const gaps = faults.map(({ atMs }, k) => atMs - (faults[k - 1]?.atMs ?? 0));
      expect(new Set(gaps).size).toBe(1);
      expect(gaps[0]).toBeLessThanOrEqual(5000);
      expect(nodes).toBe(swarm.nodes);
      expect(clients.map(({ lanes }) => lanes)).toEqual(swarm.clients.map(({ lanes }) => lanes));
      const lanes = clients.reduce((sum, client) => sum + client.lanes, 0);
      // Without any latency and outage.
      expect((lanes / config.thinkMs) * 1000).toBeGreaterThan(20);
    }),
  );
});

test("a few hundred worlds have every kind of fault", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 200; seed += 1) {
    for (const { kind } of makePlan(seed).faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  expect(faultKinds.filter((kind) => (counts.get(kind) ?? 0) < 50)).toEqual([]);
});

test("lease reads are on in a quarter of all worlds, and off for a while in some of those", () => {
  const plans = Array.from({ length: 400 }, (_, seed) => makePlan(seed));
  const switches = plans.map(({ config }) => config.leaseSwitchesMs ?? []);
  const on = switches.filter(({ length }) => length > 0);
  expect(on.length).toBeGreaterThan(70);
  expect(on.length).toBeLessThan(130);
  expect(on.filter(({ length }) => length === 3).length).toBeGreaterThan(10);
  for (const each of on) expect(each).toEqual(each.toSorted((a, b) => a - b));
  for (const { config, faults } of plans) {
    const [onMs = Number.POSITIVE_INFINITY] = config.leaseSwitchesMs ?? [];
    const stopped = faults.filter(({ kind, atMs }) => kind === "isolate-and-pause" && atMs > onMs);
    if (onMs < config.loadMs) expect(stopped).not.toEqual([]);
  }
});

test("every world strikes in the middle of an installation, at either side", () => {
  const struck = new Map<string, number>();
  for (let seed = 0; seed < 200; seed += 1) {
    const waiting = makePlan(seed).faults.filter(({ when }) => when?.moment.startsWith("raft.snapshot-"));
    expect(waiting.length).toBeGreaterThan(0);
    for (const { kind, when } of waiting)
      for (const name of [kind, when?.moment ?? ""]) struck.set(name, (struck.get(name) ?? 0) + 1);
  }
  for (const name of ["crash", "stop-in-order", "isolate-one", "failing-disk", "full-disk", "stuck-disk"])
    expect(struck.get(name)).toBeGreaterThan(5);
  for (const moment of ["served", "chunk", "received", "installing", "opening"])
    expect(struck.get(`raft.snapshot-${moment}`)).toBeGreaterThan(50);
});

test("what is no plan is refused", () => {
  for (const text of [
    "{}",
    "[]",
    '{"format":2}',
    JSON.stringify({ ...makePlan(1), faults: [{ kind: "flood" }] }),
  ]) {
    expect(() => readPlan(text)).toThrow(SyntaxError);
  }
});

test("in a part of all worlds members change, somebody is called up first, and no data is damaged there", () => {
  let changing = 0;
  for (let seed = 0; seed < 300; seed += 1) {
    const kinds = makePlan(seed).faults.map(({ kind }) => kind);
    const changes = makePlan(seed).faults.filter(({ kind }) => kind === "members");
    if (changes.length === 0) continue;
    changing += 1;
    expect(["add", "swap"]).toContain(changes[0]?.args["how"]);
    expect(kinds).not.toContain("bit-rot");
    expect(kinds).not.toContain("lost-data");
  }
  expect(changing).toBeGreaterThan(60);
  expect(changing).toBeLessThan(140);
});
