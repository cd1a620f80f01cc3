import { expect, test } from "vitest";
import { askedFigures } from "../src/peers/asked.ts";
import type { Finding } from "../src/peers/finding.ts";
import { findingTables } from "../src/report/tables.ts";

const extent = { sessions: 5, nodes: 7 };

function all(
  workload: Finding["workload"],
  what: string,
  figure: string,
  [flotilla, zookeeper, etcd]: readonly [number, number, number],
): Finding[] {
  const each = { flotilla, zookeeper, etcd };
  return (["flotilla", "zookeeper", "etcd"] as const).map((system) => ({
    workload,
    system,
    what,
    figures: { [figure]: each[system] },
  }));
}

test("findings are compared with the better peer, memory with ZooKeeper's, loops with their bounds", () => {
  const findings = [
    ...all("W8", "leader killed", "p50Ms", [50, 100, 200]),
    ...all("W8", "leader stopped", "p50Ms", [1_500, 9_000, 1_000]),
    ...all("W9", "5 idle sessions", "cpuPercent", [3, 6, 12]),
    ...all("W10", "restart with 7 nodes", "readyMs", [900, 1_000, 2_000]),
    ...all("W11", "7 nodes", "bytesOfNode", [450, 500, 100]),
    ...all("W12", "holder killed", "p50Ms", [600, 5_000, 2_400]),
    ...all("W14", "snapshot", "maxMs", [41, 0, 0]),
  ];
  const known = askedFigures({ rows: [], findings }, extent).filter(({ value }) => value !== null);
  expect(known.map(({ figure, value, ok }) => [figure.slice(0, 19), value, ok])).toEqual([
    ["W8, leader killed t", 0.5, true],
    ["W8, leader stopped ", 1.5, false],
    ["W9, 5 idle sessions", 0.5, true],
    ["W10, restart with 7", 0.9, true],
    ["W11, memory of one ", 0.9, true],
    ["W12, holder killed ", 0.25, true],
    ["W14, snapshot: dela", 41, false],
  ]);
});

test("findings of other sizes than asked for are no answer", () => {
  const findings = all("W9", "4 idle sessions", "cpuPercent", [3, 6, 12]);
  expect(askedFigures({ rows: [], findings }, extent).every(({ value }) => value === null)).toBe(true);
});

test("what has the same workload stands in one table, with every figure of any of them", () => {
  const tables = findingTables([
    ...all("W8", "leader killed", "p50Ms", [50, 100, 200]),
    ...all("W12", "holder killed", "ttlMs", [500, 4_000, 2_000]),
    { workload: "W8", system: "etcd", what: "leader stopped", figures: { maxMs: 1 } },
  ]);
  expect(tables.length).toBe(2);
  expect(tables[0]).toMatch(/W8.*p50Ms.*maxMs/);
  expect(tables[0]).toMatch(/leader stopped.*–.*1\.00/);
});
