import { setTimeout as pause } from "node:timers/promises";
import type { LockSystem } from "../clients/lock.ts";
import type { Servers } from "../systems/cluster.ts";
import { stopCluster } from "../systems/cluster.ts";
import { portsOf, serving } from "../systems/prepare.ts";
import { TrialProcess } from "../trials/trial-process.ts";
import type { NextWriteJob } from "../trials/messages.ts";
import type { PeersRun } from "./context.ts";
import { startServing, systemsOf } from "./context.ts";
import type { Finding } from "./finding.ts";
import { median } from "./summary.ts";

const trialMs = 90_000;
/** Between a cluster that serves again and its next leader that is hurt. */
const calmMs = 500;

interface Harm {
  readonly what: string;
  readonly signal: NextWriteJob["signal"];
  /** Trials of it for one of `--trials`. */
  readonly share: number;
}

/** What is asked of a leader that hangs is a median alone, and ZooKeeper takes a quarter of a minute for each. */
const harms: readonly Harm[] = [
  { what: "leader killed", signal: "SIGKILL", share: 1 },
  { what: "leader stopped", signal: "SIGSTOP", share: 0.5 },
];

async function trial(
  { launch }: PeersRun,
  system: LockSystem,
  cluster: Servers,
  signal: Harm["signal"],
): Promise<number> {
  const [leaderPort, ...ports] = await portsOf(cluster);
  const leader = cluster.members.find(({ port }) => port === leaderPort);
  if (leader === undefined) throw new Error(`${system} has no leader`);
  const job = { type: "next-write", system, ports, victim: leader.process.pid, signal } as const;
  const child = await TrialProcess.start<"next-write">(launch, job, trialMs);
  await child.kill();
  if (signal === "SIGSTOP") leader.process.child.kill("SIGCONT");
  else {
    await leader.process.exited;
    leader.start();
  }
  await serving(cluster);
  await pause(calmMs);
  return child.began.ms;
}

/** W8: how long nobody can write once the leader is killed, or hangs. */
export async function failover(run: PeersRun): Promise<Finding[]> {
  const { options, report } = run;
  const clusters = new Map<LockSystem, Servers>();
  for (const system of systemsOf(run)) {
    const cluster = await startServing(run, "W8", system);
    clusters.set(system, cluster);
  }
  const findings: Finding[] = [];
  for (const { what, signal, share } of harms) {
    const gaps = new Map<LockSystem, number[]>(systemsOf(run).map((system) => [system, []]));
    const trials = Math.ceil(options.trials * share);
    for (let k = 0; k < trials; k += 1) {
      for (const [system, cluster] of clusters) {
        const ms = await trial(run, system, cluster, signal);
        gaps.get(system)?.push(ms);
        report.progress(`W8 ${what}, ${k + 1} of ${trials}: ${system} ${ms.toFixed(0)} ms`);
      }
    }
    for (const [system, all] of gaps)
      findings.push({
        workload: "W8",
        system,
        what,
        figures: { p50Ms: median(all), maxMs: Math.max(...all), trials },
      });
  }
  await Promise.all([...clusters.values()].map(stopCluster));
  return findings;
}
