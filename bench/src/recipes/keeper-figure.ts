import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import { stopCluster } from "../systems/cluster.ts";
import { portsOf } from "../systems/prepare.ts";
import { startPrepared } from "../systems/start-prepared.ts";
import type { RecipeBench } from "./bench.ts";
import { recipeJob } from "./recipe-process.ts";

const replicas = 8;
const rounds = 50;
const lostRounds = 5;

/** Processes that are killed, and a member with half of them; the worst counts. */
export async function keeper({ site, progress }: RecipeBench): Promise<Asked[]> {
  const cluster = await startPrepared(site, "flotilla");
  const ports = await portsOf(cluster);
  const job = { type: "keeper", ports, replicas, rounds, lostRounds } as const;
  const { sameMs, lostMs } = await recipeJob(site, job);
  await stopCluster(cluster);
  progress(`keeper: replaced elsewhere ${lostMs.map((ms) => ms.toFixed(0)).join(", ")} ms after the TTL`);
  return [
    atMost("keeper: worker killed to its replacement, same member", Math.max(...sameMs), 300, "ms"),
    atMost("keeper: member killed to all workers replaced, less the TTL", Math.max(...lostMs), 800, "ms"),
  ];
}
