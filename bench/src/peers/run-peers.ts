import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PeersOptions } from "../arguments.ts";
import { standardValue, valueOf } from "../clients/client.ts";
import type { SystemName } from "../clients/open.ts";
import { EmbeddedCluster } from "../embedded/embedded-cluster.ts";
import { measureLoopback, measureSync } from "../floor/primitives.ts";
import type { LoadResult } from "../load/job.ts";
import { runLoad } from "../load/run-load.ts";
import type { Cluster } from "../systems/cluster.ts";
import { memberCount, pidsOf, stopCluster } from "../systems/cluster.ts";
import type { Launch } from "../systems/launch.ts";
import { portsOf, prepare } from "../systems/prepare.ts";
import { askedFigures } from "./asked.ts";
import type { PeersRun } from "./context.ts";
import { siteFor, startServers, systemsOf } from "./context.ts";
import { eventLoop } from "./event-loop.ts";
import { failover } from "./failover.ts";
import type { Finding } from "./finding.ts";
import { holderKilled } from "./holder-killed.ts";
import { idleSessions } from "./idle-sessions.ts";
import type { Report } from "./report.ts";
import { restarts } from "./restart.ts";
import type { Contender } from "./rounds.ts";
import { interleaved } from "./rounds.ts";
import type { Row } from "./summary.ts";
import type { Workload, WorkloadName } from "./workloads.ts";
import { canDo, embeddedWorkloads, remoteWorkloads } from "./workloads.ts";

const warmUpMs = 2_000;
const primitiveMs = 3_000;

/** What was found so far, also by a part that could not go on. */
interface Finds {
  readonly rows: Row[];
  readonly findings: Finding[];
}

/** What is measured together, on servers of its own. */
interface Part {
  readonly workloads: readonly WorkloadName[];
  readonly measure: (run: PeersRun, finds: Finds) => Promise<void>;
}

function finding(workloads: readonly WorkloadName[], measure: (run: PeersRun) => Promise<Finding[]>): Part {
  return {
    workloads,
    measure: async (run, { findings }) => {
      const found = await measure(run);
      findings.push(...found);
      run.report.findings(found);
    },
  };
}

const parts: readonly Part[] = [
  { workloads: ["W1", "W2", "W3", "W4", "W5", "W6", "W7"], measure: runRemote },
  finding(["W8"], failover),
  finding(["W9"], idleSessions),
  finding(["W10", "W11"], restarts),
  finding(["W12"], holderKilled),
  { workloads: ["W13"], measure: runEmbedded },
  finding(["W14"], eventLoop),
];

/**
 * Everything that `bench peers` was asked to measure, told to the report as it comes. What cannot be measured does not
 * keep the rest from it; the command fails in the end.
 */
export async function runPeers(
  options: PeersOptions,
  launch: Launch,
  folder: string,
  report: Report,
): Promise<void> {
  const run: PeersRun = { options, launch, folder, report };
  const finds: Finds = { rows: [], findings: [] };
  if (options.only.includes("floor")) {
    const forMs = Math.min(options.seconds * 1_000, primitiveMs);
    report.primitives([await measureSync(folder, forMs), await measureLoopback(launch, forMs)]);
  }
  for (const { workloads, measure } of parts) {
    const wanted = workloads.filter((name) => options.only.includes(name));
    if (wanted.length === 0) continue;
    await measure(run, finds).catch((error: unknown) => {
      launch.killAll();
      process.exitCode = 1;
      const why = error instanceof Error ? error.message : String(error);
      report.progress(`${wanted.join(", ")}: given up: ${why}`);
    });
    await emptied(folder);
  }
  report.asked(askedFigures(finds, options));
}

/** What one part leaves behind is in nobody's way. */
async function emptied(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
}

async function runRemote(run: PeersRun, { rows }: Finds): Promise<void> {
  const { options, report } = run;
  const { only, seconds } = options;
  const value = valueOf(options.valueBytes);
  const workloads = remoteWorkloads.filter(
    ({ name, connections }) => only.includes(name) && (options.connections?.includes(connections) ?? true),
  );
  const floor: readonly SystemName[] =
    only.includes("W1") && only.includes("floor") && options.members === memberCount ? ["floor"] : [];
  if (workloads.length === 0) return;
  const clusters: Cluster[] = [];
  for (const system of [...floor, ...systemsOf(run)]) {
    const cluster = await startServers(run, "load", system);
    clusters.push(cluster);
    await prepare(cluster, value);
  }
  for (const workload of workloads) {
    const able = clusters.filter(({ system }) => canDo(system, workload));
    const contenders = able.map((cluster) =>
      contender(cluster, clusters, run, { warmUpMs, measureMs: seconds * 1000 }),
    );
    const found = await interleaved(contenders, workload, options);
    rows.push(...found);
    report.rows(found);
  }
  await Promise.all(clusters.map(stopCluster));
}

function contender(
  cluster: Cluster,
  all: readonly Cluster[],
  { launch, report, options: { valueBytes } }: PeersRun,
  times: { readonly warmUpMs: number; readonly measureMs: number },
): Contender {
  const { system } = cluster;
  const idle = all.filter((each) => each !== cluster).flatMap(pidsOf);
  return {
    system,
    round: async (workload: Workload) => {
      const { operation, connections, depth, watchers = 0 } = workload;
      // Of what watchers are told the length is the same in every run.
      const bytes = watchers === 0 ? valueBytes : standardValue.length;
      const shape = { operation, connections, depth, watchers, valueBytes: bytes };
      report.round(workload, system);
      const ports = await portsOf(cluster);
      const watched = { servers: pidsOf(cluster), idle };
      return runLoad({ system, ports, ...shape, ...times, watched }, launch);
    },
  };
}

async function runEmbedded(run: PeersRun, { rows }: Finds): Promise<void> {
  const { options, report } = run;
  const times = { warmUpMs, measureMs: options.seconds * 1000 };
  const cluster = await EmbeddedCluster.start(await siteFor(run, "W13"));
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
}
