import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PeersOptions } from "../arguments.ts";
import { valueBytes } from "../clients/client.ts";
import type { SystemName } from "../clients/open.ts";
import { EmbeddedCluster } from "../embedded/embedded-cluster.ts";
import { measureLoopback, measureSync } from "../floor/primitives.ts";
import type { Primitive } from "../floor/primitives.ts";
import type { LoadResult } from "../load/job.ts";
import { runLoad } from "../load/run-load.ts";
import type { Cluster, Site } from "../systems/cluster.ts";
import { pidsOf, stopCluster } from "../systems/cluster.ts";
import { startEtcd } from "../systems/etcd.ts";
import { startFloor } from "../systems/floor.ts";
import { startFlotilla } from "../systems/flotilla.ts";
import type { Launch } from "../systems/launch.ts";
import { portsOf, prepare } from "../systems/prepare.ts";
import { startZooKeeper } from "../systems/zookeeper.ts";
import { askedFigures } from "./asked.ts";
import type { Report } from "./report.ts";
import type { Contender } from "./rounds.ts";
import { interleaved } from "./rounds.ts";
import type { Row } from "./summary.ts";
import type { Workload, WorkloadName } from "./workloads.ts";
import { canDo, embeddedWorkloads, remoteWorkloads } from "./workloads.ts";

const warmUpMs = 2_000;

const starters: Readonly<Record<SystemName, (site: Site) => Promise<Cluster>>> = {
  floor: startFloor,
  flotilla: (site) => startFlotilla(site),
  zookeeper: startZooKeeper,
  etcd: startEtcd,
};

async function siteFor(launch: Launch, folder: string, name: string): Promise<Site> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  return { launch, folder: own };
}

/** Everything that `bench peers` was asked to measure, told to the report as it comes. */
export async function runPeers(
  options: PeersOptions,
  launch: Launch,
  folder: string,
  report: Report,
): Promise<void> {
  const { only, seconds } = options;
  const measureMs = seconds * 1000;
  const has = (name: WorkloadName): boolean => only.includes(name);
  if (has("floor")) report.primitives(await measurePrimitives(launch, folder, Math.min(measureMs, 3_000)));
  const rows = [
    ...(await runRemote(options, launch, folder, report)),
    ...(has("W13") ? await runEmbedded(options, await siteFor(launch, folder, "embedded"), report) : []),
  ];
  report.asked(askedFigures({ rows, findings: [] }));
}

async function measurePrimitives(launch: Launch, folder: string, forMs: number): Promise<Primitive[]> {
  return [await measureSync(folder, forMs), await measureLoopback(launch, forMs)];
}

async function runRemote(
  options: PeersOptions,
  launch: Launch,
  folder: string,
  report: Report,
): Promise<Row[]> {
  const { only, peers, seconds } = options;
  const workloads = remoteWorkloads.filter(
    ({ name, connections }) => only.includes(name) && (options.connections?.includes(connections) ?? true),
  );
  const writes = only.includes("W1");
  const systems: SystemName[] = [
    ...(writes && only.includes("floor") ? (["floor"] as const) : []),
    "flotilla",
    ...peers,
  ];
  if (workloads.length === 0) return [];
  const clusters: Cluster[] = [];
  for (const system of systems) {
    const cluster = await starters[system](await siteFor(launch, folder, system));
    clusters.push(cluster);
    report.progress(`starting ${system}`);
    await prepare(cluster);
  }
  const rows: Row[] = [];
  for (const workload of workloads) {
    const able = clusters.filter(({ system }) => canDo(system, workload));
    const contenders = able.map((cluster) =>
      contender(cluster, clusters, launch, { warmUpMs, measureMs: seconds * 1000 }, report),
    );
    const found = await interleaved(contenders, workload, options);
    rows.push(...found);
    report.rows(found);
  }
  await Promise.all(clusters.map(stopCluster));
  return rows;
}

function contender(
  cluster: Cluster,
  all: readonly Cluster[],
  launch: Launch,
  times: { readonly warmUpMs: number; readonly measureMs: number },
  report: Report,
): Contender {
  const { system } = cluster;
  const idle = all.filter((each) => each !== cluster).flatMap(pidsOf);
  return {
    system,
    round: async (workload: Workload) => {
      const { operation, connections, depth, watchers = 0 } = workload;
      const shape = { operation, connections, depth, watchers, valueBytes };
      report.round(workload, system);
      const ports = await portsOf(cluster);
      const watched = { servers: pidsOf(cluster), idle };
      return runLoad({ system, ports, ...shape, ...times, watched }, launch);
    },
  };
}

async function runEmbedded(options: PeersOptions, site: Site, report: Report): Promise<Row[]> {
  const times = { warmUpMs, measureMs: options.seconds * 1000 };
  const cluster = await EmbeddedCluster.start(site);
  const rows: Row[] = [];
  for (const workload of embeddedWorkloads) {
    const round = (each: typeof workload): Promise<LoadResult> => {
      report.round(each, "flotilla");
      return cluster.run(each, times);
    };
    const found = await interleaved([{ system: "flotilla", round }], workload, options);
    rows.push(...found);
    report.rows(found);
  }
  await cluster.stop();
  return rows;
}
