import { setTimeout as pause } from "node:timers/promises";
import type { Usage } from "../machine/usage.ts";
import { readUsage } from "../machine/usage.ts";
import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import { stopCluster } from "../systems/cluster.ts";
import { startFlotilla } from "../systems/flotilla.ts";
import { portsOf, prepare } from "../systems/prepare.ts";
import type { CoordBench } from "./bench.ts";
import { CoordProcess } from "./coord-process.ts";

const ttlMs = 10_000;
/** Several rounds of renewals. */
const leastMs = 30_000;
const leasesPerSession = 500;

interface Kept {
  /** Shares of a core, %, the leader's first. */
  readonly shares: readonly number[];
  /** What all servers together grew by. */
  readonly grownBytes: number;
}

interface Many {
  readonly sessions: number;
  readonly leases: number;
}

/** Opens sessions and leases and leaves them alone, but for what keeps them alive. */
async function keep({ site, extent }: CoordBench, many: Many): Promise<Kept> {
  const cluster = await startFlotilla(site);
  await prepare(cluster);
  const ports = await portsOf(cluster);
  const pids = ports.map((port) => cluster.members.find((each) => each.port === port)?.process.pid ?? 0);
  const read = (): Usage => readUsage({ servers: pids, idle: [] });
  const empty = read();
  const clients = await CoordProcess.start(site, { type: "sessions", ports, ttlMs, ...many });
  await pause(ttlMs);
  const [from, begun] = [read(), performance.now()];
  await pause(Math.max(leastMs, extent.measureMs));
  const [to, elapsedMs] = [read(), performance.now() - begun];
  await clients.kill();
  await stopCluster(cluster);
  return {
    shares: to.threads.servers.map(
      ({ cpuMs }, k) => (100 * (cpuMs - (from.threads.servers[k]?.cpuMs ?? 0))) / elapsedMs,
    ),
    grownBytes: to.serverRssBytes - empty.serverRssBytes,
  };
}

function told(shares: readonly number[]): string {
  return `${shares.map((share) => share.toFixed(1)).join(", ")} % of a core, the leader first`;
}

/** Sessions that do nothing, each on a socket of its own. */
export async function sessions(bench: CoordBench): Promise<Asked[]> {
  const { extent, progress } = bench;
  const { shares, grownBytes } = await keep(bench, { sessions: extent.sessions, leases: 0 });
  progress(`sessions: ${told(shares)}`);
  const kilobytes = grownBytes / 1024 / extent.sessions;
  return [
    atMost(`${extent.sessions} idle sessions, CPU of a node`, Math.max(...shares), 5, "% of a core"),
    atMost("memory of a session, three nodes together", kilobytes, 16, "KB"),
  ];
}

/** Leases that are renewed at their pace. */
export async function leases(bench: CoordBench): Promise<Asked[]> {
  const { extent, progress } = bench;
  const count = Math.ceil(extent.leases / leasesPerSession);
  const { shares } = await keep(bench, { sessions: count, leases: Math.ceil(extent.leases / count) });
  progress(`leases: ${told(shares)}`);
  return [atMost(`${extent.leases} leases, CPU of the leader`, shares[0] ?? null, 5, "% of a core")];
}
