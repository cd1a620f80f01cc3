import { median } from "../peers/summary.ts";
import type { Asked } from "../report/asked.ts";
import { atLeast } from "../report/asked.ts";
import type { Cluster } from "../systems/cluster.ts";
import { stopCluster } from "../systems/cluster.ts";
import { portsOf } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { RecipeBench } from "./bench.ts";
import { recipeJob } from "./recipe-process.ts";
import type { CounterSystem } from "./requests.ts";

const clients = 16;
const rounds = 3;
const warmUpMs = 2_000;

/** Sixteen clients that all add to one number, beside as many that do so by compare-and-set in ZooKeeper. */
export async function counter({ site, extent, zooKeeper, progress }: RecipeBench): Promise<Asked[]> {
  const systems: readonly CounterSystem[] = zooKeeper ? ["flotilla", "zookeeper"] : ["flotilla"];
  const clusters = new Map<CounterSystem, Cluster>();
  for (const system of systems) clusters.set(system, await startPrepared(site, system));
  const rates = new Map<CounterSystem, number[]>(systems.map((system) => [system, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [system, cluster] of clusters) {
      const ports = await portsOf(cluster);
      const measureMs = extent.measureMs / rounds;
      const answer = await recipeJob(site, { type: "counter", system, ports, clients, warmUpMs, measureMs });
      const perSecond = (answer.additions * 1000) / answer.elapsedMs;
      rates.get(system)?.push(perSecond);
      progress(`counter: ${system} ${perSecond.toFixed(0)} additions/s`);
    }
  }
  await Promise.all([...clusters.values()].map(stopCluster));
  const theirs = rates.get("zookeeper");
  const ratio = theirs === undefined ? null : median(rates.get("flotilla") ?? []) / median(theirs);
  return [atLeast("counter, 16 clients: additions / those by ZooKeeper's compare-and-set", ratio, 5, "x")];
}
