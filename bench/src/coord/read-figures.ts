import { EmbeddedCluster } from "../embedded/embedded-cluster.ts";
import { Histogram } from "../load/histogram.ts";
import type { LoadResult, SimpleOperation } from "../load/job.ts";
import type { Workload } from "../peers/workloads.ts";
import type { Asked } from "../report/asked.ts";
import { atLeast } from "../report/asked.ts";
import type { CoordBench } from "./bench.ts";
import { ms } from "./bench.ts";

const warmUpMs = 2_000;

function told(name: string, { histogram, operations, elapsedMs, spent }: LoadResult): string {
  const all = new Histogram();
  all.add(histogram);
  const [own] = spent.threads.servers;
  const share = ((own?.mainMs ?? 0) / elapsedMs) * 100;
  return `${name}: ${((operations * 1000) / elapsedMs).toFixed(0)} /s, p50 ${ms(all.quantileMs(0.5))}, p99 ${ms(all.quantileMs(0.99))}; main thread ${share.toFixed(0)} % of a core`;
}

async function perSecond(
  { site, extent, progress }: CoordBench,
  name: string,
  { operation, depth }: Pick<Workload<SimpleOperation>, "operation" | "depth">,
): Promise<number> {
  const cluster = await EmbeddedCluster.start(site, { role: "follower" });
  const result = await cluster.run({ operation, depth }, { warmUpMs, measureMs: extent.measureMs });
  await cluster.stop();
  progress(told(name, result));
  return (result.operations * 1000) / result.elapsedMs;
}

/** Reads of what the member at hand has, on its only thread. */
export async function localRead(bench: CoordBench): Promise<Asked[]> {
  const value = await perSecond(bench, "local-read", { operation: "getLocal", depth: 1 });
  return [atLeast("local read, embedded", value, 500_000, "/s")];
}

/** Linearizable reads on a follower, 64 under way. */
export async function linearizableRead(bench: CoordBench): Promise<Asked[]> {
  const value = await perSecond(bench, "linearizable-read", { operation: "get", depth: 64 });
  return [atLeast("linearizable read, embedded on a follower, 64 outstanding", value, 30_000, "/s")];
}
