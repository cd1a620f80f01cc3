import { Histogram } from "../load/histogram.ts";
import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import { stopCluster } from "../systems/cluster.ts";
import { portsOf } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { RecipeBench } from "./bench.ts";
import { recipeJob } from "./recipe-process.ts";

const clients = 5;
const jobs = 200;
const warmUpMs = 5_000;

/** Two hundred jobs with a tick every second and five that take part in each; fails unless each tick ran once. */
export async function cron({ site, extent, progress }: RecipeBench): Promise<Asked[]> {
  const cluster = await startPrepared(site, "flotilla");
  const ports = await portsOf(cluster);
  const { measureMs } = extent;
  const answer = await recipeJob(site, { type: "cron", ports, clients, jobs, warmUpMs, measureMs });
  await stopCluster(cluster);
  const late = new Histogram();
  late.add(answer.late);
  progress(`cron: ${answer.ticks} ticks, each once; late p50 ${late.quantileMs(0.5).toFixed(0)} ms`);
  return [atMost("cron, 200 jobs a second, 5 members: late, p99", late.quantileMs(0.99), 250, "ms")];
}
