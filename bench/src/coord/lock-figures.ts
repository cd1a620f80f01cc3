import type { LockSystem } from "../clients/lock.ts";
import type { HistogramData } from "../load/histogram.ts";
import { Histogram } from "../load/histogram.ts";
import { median } from "../peers/summary.ts";
import type { Asked } from "../report/asked.ts";
import { atLeast, atMost } from "../report/asked.ts";
import type { Cluster } from "../systems/cluster.ts";
import { stopCluster } from "../systems/cluster.ts";
import { startFlotilla } from "../systems/flotilla.ts";
import { portsOf, prepare } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { CoordBench } from "./bench.ts";
import { ms } from "./bench.ts";
import { coordJob } from "./coord-process.ts";

const rounds = 10;
const clients = 16;
const warmUpMs = 2_000;

function p50(data: HistogramData): number {
  const histogram = new Histogram();
  histogram.add(data);
  return histogram.quantileMs(0.5);
}

/** A lock that nobody else wants, beside one write. */
export async function lock({ site, extent, progress }: CoordBench): Promise<Asked[]> {
  const cluster = await startFlotilla(site);
  await prepare(cluster);
  const [port = 0] = await portsOf(cluster);
  const measureMs = extent.measureMs / (2 * rounds);
  const answer = await coordJob(site, { type: "alone", port, rounds, measureMs });
  await stopCluster(cluster);
  const ratios = answer.lock.map((locking, k) => {
    const writing = answer.write[k];
    if (writing === undefined) throw new Error("a round is missing");
    progress(`lock: acquired and released in ${ms(p50(locking))}, a write takes ${ms(p50(writing))}`);
    return p50(locking) / p50(writing);
  });
  return [atMost("lock acquired and released by one client, p50 / one write", median(ratios), 2.5, "x")];
}

/** Sixteen clients that all want one lock, beside as many of ZooKeeper's recipe. */
export async function contended({ site, extent, zooKeeper, progress }: CoordBench): Promise<Asked[]> {
  const systems: readonly ("flotilla" | "zookeeper")[] = zooKeeper ? ["flotilla", "zookeeper"] : ["flotilla"];
  const clusters = new Map<LockSystem, Cluster>();
  for (const system of systems) clusters.set(system, await startPrepared(site, system));
  const rates = new Map<LockSystem, number[]>(systems.map((system) => [system, []]));
  for (let round = 0; round < 3; round += 1) {
    for (const [system, cluster] of clusters) {
      const ports = await portsOf(cluster);
      const { measureMs } = extent;
      const answer = await coordJob(site, { type: "turns", system, ports, clients, warmUpMs, measureMs });
      const perSecond = (answer.handOvers * 1000) / answer.elapsedMs;
      rates.get(system)?.push(perSecond);
      progress(`contended: ${system} ${perSecond.toFixed(0)} hand-overs/s, wait p50 ${ms(p50(answer.wait))}`);
    }
  }
  await Promise.all([...clusters.values()].map(stopCluster));
  const ours = median(rates.get("flotilla") ?? []);
  const theirs = rates.get("zookeeper");
  const ratio = theirs === undefined ? null : ours / median(theirs);
  return [atLeast("contended lock, 16 clients: hand-overs / those of ZooKeeper's recipe", ratio, 2, "x")];
}
