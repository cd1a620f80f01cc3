import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import { stopCluster } from "../systems/cluster.ts";
import { portsOf } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { RecipeBench } from "./bench.ts";
import { recipeJob } from "./recipe-process.ts";

const count = 1_024;
const participants = 32;
const rounds = 5;

/** Many shards over many members, of whom one dies at a time; the worst of five counts. */
export async function shards({ site, progress }: RecipeBench): Promise<Asked[]> {
  const cluster = await startPrepared(site, "flotilla");
  const ports = await portsOf(cluster);
  const { tookMs } = await recipeJob(site, { type: "shards", ports, count, participants, rounds });
  await stopCluster(cluster);
  progress(`shards: all owned again after ${tookMs.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  const figure = `shards, ${count} over ${participants}, one killed: lease end to all owned again`;
  return [atMost(figure, Math.max(...tookMs), 1_000, "ms")];
}
