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

function row(system: Row["system"], workload: Workload, figures: Partial<Row>): Row {
  return { ...summarise(workload, system, [round(100)], 0), ...figures };
}

test("figures asked for compare with the right rows", () => {
  const one = { ...w1, connections: 1 };
  const local: Workload = { name: "W13", operation: "getLocal", connections: 1, depth: 64 };
  const asked = askedFigures([
    row("flotilla", w1, { perSecond: 300, serverCpuUs: 90 }),
    row("zookeeper", w1, { perSecond: 200, serverCpuUs: 100 }),
    row("etcd", w1, { perSecond: 200 }),
    row("flotilla", one, { p50Ms: 2 }),
    row("zookeeper", one, { p50Ms: 1 }),
    row("etcd", one, { p50Ms: 4 }),
    row("flotilla", local, { perSecond: 400_000 }),
  ]);
  expect(asked.map(({ value, ok }) => [value, ok])).toEqual([
    [1.5, true],
    [1.5, false],
    [2, false],
    [0.9, true],
    [400_000, true],
  ]);
});

test("what was not measured is neither reached nor missed", () => {
  expect(askedFigures([]).every(({ value, ok }) => value === null && ok === null)).toBe(true);
});
