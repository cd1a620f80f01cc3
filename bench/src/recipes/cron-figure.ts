import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Histogram } from "../load/histogram.ts";
import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import type { Cluster } from "../systems/cluster.ts";
import { stopCluster } from "../systems/cluster.ts";
import { FaultyCluster } from "../systems/faulty.ts";
import { portsOf } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { RecipeBench } from "./bench.ts";
import { recipeJob } from "./recipe-process.ts";

const clients = 5;
const jobs = 200;
const warmUpMs = 5_000;
/** Of the part without faults, at most: lateness needs no longer. */
const quietMs = 60_000;

/** Two hundred jobs with a tick every second and five that take part in each: how late, then whether all ran once through faults. */
export async function cron(bench: RecipeBench): Promise<Asked[]> {
  return [await lateness(bench), ...(await exactness(bench))];
}

async function lateness({ site, extent, progress }: RecipeBench): Promise<Asked> {
  const cluster = await startPrepared(site, "flotilla");
  const { ticks, wrong, p50, p99 } = await keepTime(site, cluster, Math.min(quietMs, extent.measureMs));
  await stopCluster(cluster);
  if (wrong > 0) throw new Error(`${wrong} ticks did not run once though nothing was wrong`);
  progress(`cron: ${ticks} ticks, each once; late p50 ${p50.toFixed(0)} ms`);
  return atMost("cron, 200 jobs a second, 5 members: late, p99", p99, 250, "ms");
}

/** Members are killed and started again, paused, cut off, one after the other. */
async function exactness({ site, extent, progress }: RecipeBench): Promise<Asked[]> {
  const folder = join(site.folder, "faulty");
  await mkdir(folder);
  const faulty = await FaultyCluster.start({ ...site, folder });
  // What is late by then is waited for in peace.
  const over = AbortSignal.timeout(warmUpMs + extent.measureMs);
  const working = keepTime(site, faulty.cluster, extent.measureMs);
  const [{ ticks, wrong, p99 }, faults] = await Promise.all([working, faulty.hurt(over)]);
  await faulty.stop();
  progress(`cron: ${ticks} ticks through ${faults} faults; late p99 ${p99.toFixed(0)} ms`);
  return [atMost("cron, the same through faults: ticks not run once", wrong, 0, "")];
}

interface Kept {
  readonly ticks: number;
  readonly wrong: number;
  readonly p50: number;
  readonly p99: number;
}

async function keepTime(site: RecipeBench["site"], cluster: Cluster, measureMs: number): Promise<Kept> {
  const ports = await portsOf(cluster);
  const answer = await recipeJob(site, { type: "cron", ports, clients, jobs, warmUpMs, measureMs });
  const late = new Histogram();
  late.add(answer.late);
  const { ticks, wrong } = answer;
  return { ticks, wrong, p50: late.quantileMs(0.5), p99: late.quantileMs(0.99) };
}
