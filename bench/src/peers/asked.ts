import type { SystemName } from "../clients/open.ts";
import { atLeast, atMost } from "../report/asked.ts";
import type { Asked } from "../report/asked.ts";
import type { Row } from "./summary.ts";
import type { Operation } from "../load/job.ts";
import type { WorkloadName } from "./workloads.ts";

type Find = (
  system: SystemName,
  name: WorkloadName,
  connections: number,
  depth: number,
  operation: Operation,
) => Row | undefined;

function ratio(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined || !Number.isFinite(a / b) ? null : a / b;
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Every figure that is asked for, in a fixed order. */
export function askedFigures(rows: readonly Row[]): Asked[] {
  const find: Find = (system, name, connections, depth, operation) =>
    rows.find(
      (row) =>
        row.system === system &&
        row.workload.name === name &&
        row.workload.operation === operation &&
        row.workload.connections === connections &&
        row.workload.depth === depth,
    );
  const w1 = (system: SystemName, connections: number): Row | undefined =>
    find(system, "W1", connections, 1, "set");
  const [ours, zookeeper, etcd] = [w1("flotilla", 64), w1("zookeeper", 64), w1("etcd", 64)];
  const better = least([w1("zookeeper", 1)?.p50Ms, w1("etcd", 1)?.p50Ms]);
  const local = find("flotilla", "W13", 1, 64, "getLocal")?.perSecond ?? null;
  return [
    atLeast(
      "W1, 64 connections, writes: Flotilla / ZooKeeper",
      ratio(ours?.perSecond, zookeeper?.perSecond),
      1.5,
      "x",
    ),
    atLeast("W1, 64 connections, writes: Flotilla / etcd", ratio(ours?.perSecond, etcd?.perSecond), 2, "x"),
    atMost("W1, 1 connection, p50: Flotilla / better peer", ratio(w1("flotilla", 1)?.p50Ms, better), 1, "x"),
    atMost(
      "W1, 64 connections, server CPU of a write: Flotilla / ZooKeeper",
      ratio(ours?.serverCpuUs, zookeeper?.serverCpuUs),
      1,
      "x",
    ),
    atLeast("W13, local get", local, 400_000, "/s"),
  ];
}
