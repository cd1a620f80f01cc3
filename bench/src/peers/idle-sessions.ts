import { setTimeout as pause } from "node:timers/promises";
import { readUsage, spent } from "../machine/usage.ts";
import { pidsOf, stopCluster } from "../systems/cluster.ts";
import { portsOf } from "../systems/prepare.ts";
import { TrialProcess } from "../trials/trial-process.ts";
import type { LockSystem } from "../clients/lock.ts";
import type { PeersRun } from "./context.ts";
import { startServing, systemsOf } from "./context.ts";
import type { Finding } from "./finding.ts";

const ttlSeconds = 10;
const openingMs = 300_000;
/** Several rounds of renewals. */
const leastMs = 20_000;
const mb = 1024 * 1024;

async function measure(run: PeersRun, system: LockSystem): Promise<Finding> {
  const { options, launch, report } = run;
  const cluster = await startServing(run, "W9", system);
  const ports = await portsOf(cluster);
  const servers = pidsOf(cluster);
  const empty = readUsage({ servers, idle: [] });
  report.progress(`W9: ${options.sessions} sessions of ${system}`);
  const job = { type: "sessions", system, ports, count: options.sessions, ttlSeconds } as const;
  const child = await TrialProcess.start<"sessions">(launch, job, openingMs);
  await pause(ttlSeconds * 1_000);
  const watched = { servers, idle: [child.process.pid] };
  const [from, begun] = [readUsage(watched), performance.now()];
  await pause(Math.max(leastMs, options.seconds * 1_000));
  const [to, elapsedMs] = [readUsage(watched), performance.now() - begun];
  await child.kill();
  await stopCluster(cluster);
  const used = spent(from, to);
  const grown = to.serverRssBytes - empty.serverRssBytes;
  const shares = used.threads.servers.map(({ cpuMs }) => (100 * cpuMs) / elapsedMs);
  return {
    workload: "W9",
    system,
    what: `${options.sessions} idle sessions`,
    figures: {
      cpuPercent: (100 * used.serversMs) / elapsedMs,
      worstServerCpuPercent: Math.max(...shares),
      memoryMb: to.serverRssBytes / mb,
      bytesOfSession: grown / options.sessions,
      noise: used.stealShare + used.otherShare,
    },
  };
}

/** W9: what sessions cost that do nothing. Figures are those of all three servers together unless named otherwise. */
export async function idleSessions(run: PeersRun): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const system of systemsOf(run)) findings.push(await measure(run, system));
  return findings;
}
