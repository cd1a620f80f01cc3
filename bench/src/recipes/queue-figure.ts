import { median } from "../peers/summary.ts";
import type { Asked } from "../report/asked.ts";
import { atLeast } from "../report/asked.ts";
import { stopCluster } from "../systems/cluster.ts";
import { portsOf } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { RecipeBench } from "./bench.ts";
import { recipeJob } from "./recipe-process.ts";

const clients = 16;
const rounds = 3;
const warmUpMs = 2_000;

/** Sixteen clients that all put and take, each item of 250 bytes taken once. */
export async function queue({ site, extent, progress }: RecipeBench): Promise<Asked[]> {
  const cluster = await startPrepared(site, "flotilla");
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ports = await portsOf(cluster);
    const measureMs = extent.measureMs / rounds;
    const answer = await recipeJob(site, { type: "queue", ports, clients, warmUpMs, measureMs });
    const perSecond = (answer.items * 1000) / answer.elapsedMs;
    rates.push(perSecond);
    progress(`queue: ${perSecond.toFixed(0)} items/s`);
  }
  await stopCluster(cluster);
  return [atLeast("queue, 16 clients: items put, taken and acknowledged", median(rates), 3_000, "/s")];
}
