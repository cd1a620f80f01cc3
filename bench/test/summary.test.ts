import { expect, test } from "vitest";
import { Histogram } from "../src/load/histogram.ts";
import type { LoadResult } from "../src/load/job.ts";
import { askedFigures } from "../src/peers/asked.ts";
import type { Contender } from "../src/peers/rounds.ts";
import { interleaved } from "../src/peers/rounds.ts";
import type { Row } from "../src/peers/summary.ts";
import { median, summarise } from "../src/peers/summary.ts";
import type { Workload } from "../src/peers/workloads.ts";

const w1: Workload = { name: "W1", operation: "set", connections: 64, depth: 1 };
const extent = { sessions: 1, nodes: 1 };
const idle = { cpuMs: 0, mainMs: 0 };

function round(operations: number, noise = 0): LoadResult {
  const histogram = new Histogram();
  for (let k = 0; k < operations; k += 1) histogram.record(1 + operations / 1000);
  const spent = {
    loadMs: 20,
    serversMs: 100,
    serverRssBytes: 2 ** 20,
    loadRssBytes: 2 ** 21,
    threads: { servers: [], load: idle },
    stealShare: noise / 2,
    otherShare: noise / 2,
  };
  return { operations, elapsedMs: 1000, histogram: histogram.toData(), spent, fromUs: 0, toUs: 1 };
}

test("the median of an even number is the mean of the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

test("figures are medians of rounds, the longest wait the worst of all", () => {
  const row = summarise(w1, "etcd", [round(100), round(300), round(200)], 1);
  expect(row).toMatchObject({ system: "etcd", perSecond: 200, perSecondRange: [100, 300], repeats: 1 });
  expect(row.maxMs).toBeCloseTo(1.3, 4);
  expect(row.serverCpuUs).toBe(500);
  expect(row.serverRssMb).toBe(1);
});

test("systems take turns, round by round", async () => {
  const order: string[] = [];
  const contender = (system: "flotilla" | "etcd"): Contender => ({
    system,
    round: async () => {
      order.push(system);
      return round(10);
    },
  });
  await interleaved([contender("flotilla"), contender("etcd")], w1, { rounds: 2, repeats: 2 });
  expect(order).toEqual(["flotilla", "etcd", "flotilla", "etcd"]);
});

test("a noisy round is done again, and the quietest counts", async () => {
  const noises = [0.3, 0.2, 0.4];
  const results = noises.map((noise, k) => round(100 * (k + 1), noise));
  const contender: Contender = { system: "flotilla", round: async () => results.shift() ?? round(1) };
  const [row] = await interleaved([contender], w1, { rounds: 1, repeats: 2 });
  expect(row).toMatchObject({ perSecond: 200, repeats: 2 });
  expect(row?.noise).toBeCloseTo(0.2);
});

test("a round in which nothing was answered is done again, and counts only when no other does better", async () => {
  const results = [round(0), round(0), round(300, 0.2)];
  const contender: Contender = { system: "zookeeper", round: async () => results.shift() ?? round(0) };
  const [late] = await interleaved([contender], w1, { rounds: 1, repeats: 2 });
  expect(late).toMatchObject({ perSecond: 300, repeats: 2 });
  const [never] = await interleaved([contender], w1, { rounds: 1, repeats: 1 });
  expect(never).toMatchObject({ perSecond: 0, repeats: 1 });
});

function row(system: Row["system"], workload: Workload, figures: Partial<Row>): Row {
  return { ...summarise(workload, system, [round(100)], 0), ...figures };
}

test("figures asked for compare with the right rows", () => {
  const one = { ...w1, connections: 1 };
  const local: Workload = { name: "W13", operation: "getLocal", connections: 1, depth: 64 };
  const remoteLocal: Workload = { name: "W4", operation: "getLocal", connections: 64, depth: 1 };
  const watch: Workload = { name: "W6", operation: "watch", connections: 16, depth: 1, watchers: 1_000 };
  const rows = [
    row("flotilla", w1, { perSecond: 300, serverCpuUs: 90 }),
    row("zookeeper", w1, { perSecond: 100, serverCpuUs: 100 }),
    row("etcd", w1, { perSecond: 200 }),
    row("floor", one, { p50Ms: 1 }),
    row("flotilla", one, { p50Ms: 2 }),
    row("zookeeper", one, { p50Ms: 4 }),
    row("etcd", one, { p50Ms: 5 }),
    row("flotilla", local, { perSecond: 400_000 }),
    row("etcd", remoteLocal, { perSecond: 20_000 }),
    row("zookeeper", remoteLocal, { perSecond: 40_000 }),
    row("flotilla", watch, { p50Ms: 7 }),
    row("etcd", watch, { p50Ms: 20 }),
    row("zookeeper", watch, { p50Ms: 10 }),
    row("zookeeper", { ...watch, operation: "watchEvent" }, { p50Ms: 1 }),
    row("zookeeper", { ...watch, watchers: 100 }, { p50Ms: 1 }),
  ];
  const known = askedFigures({ rows, findings: [] }, extent).filter(({ value }) => value !== null);
  expect(known.map(({ figure, value, ok }) => [figure.slice(0, 24), value, ok])).toEqual([
    ["W1, 64 connections, writ", 3, true],
    ["W1, 64 connections, writ", 1.5, false],
    ["W1, 1 connection, p50: F", 0.5, true],
    ["W1, 1 connection, p50: F", 2, true],
    ["W1, 64 connections, serv", 0.9, false],
    ["W13, local get, 64 deep,", 10, true],
    ["W6, 1,000 watchers, last", 0.7, true],
  ]);
});

test("what was not measured is neither reached nor missed", () => {
  const asked = askedFigures({ rows: [], findings: [] }, extent);
  expect(asked.every(({ value, ok }) => value === null && ok === null)).toBe(true);
});
