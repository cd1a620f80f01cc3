import { keyedRandom } from "@flotilla/runtime/sim";
import { Cluster } from "../processes/cluster.ts";
import type { PowerLoss } from "../processes/sync-recorder.ts";
import { SyncRecorder } from "../processes/sync-recorder.ts";
import { TemporaryFolder } from "../processes/temporary-folder.ts";
import type { Broken } from "../verdict/judge.ts";
import type { DiskReport } from "./disk-report.ts";
import { diskReport } from "./disk-report.ts";
import type { DiskRunOptions } from "./register-load.ts";
import { RegisterLoad } from "./register-load.ts";

/** Few, so that snapshots and the shortening of the log are in the midst of it. */
const memberFlags = ["--election-timeout", "600ms", "--snapshot-entries", "200"];
const mostWrites = 150;

/** All members lose power under load, again and again; each time it strikes after some more acknowledged writes. */
export async function runPowerLoss(options: DiskRunOptions): Promise<DiskReport> {
  await using folder = await TemporaryFolder.create("power-loss-run");
  const recorder = SyncRecorder.build(folder.path);
  await using cluster = await Cluster.create("power-loss-run", {
    nodes: options.nodes,
    arguments: memberFlags,
    env: ({ id, dataDir }, life) => recorder.env(dataDir, `${id}-${life}`),
  });
  const random = keyedRandom(options.seed, "power-loss");
  const load = new RegisterLoad(options, cluster);
  const losses: PowerLoss[] = [];
  cluster.start();
  await load.prepare();
  load.start();
  const violations: Broken[] = [];
  for (let k = 0; k < options.times; k += 1) {
    const standstill = await load.progress(1 + random.below(mostWrites));
    if (standstill !== null) {
      violations.push({ invariant: "Convergence", message: standstill });
      break;
    }
    await cluster.killAll();
    for (const { id, dataDir } of cluster.places)
      losses.push(await recorder.cutPower(dataDir, `${id}-${cluster.member(id).life}`));
    cluster.start();
  }
  await load.stop();
  const unread = violations.length === 0 ? await load.readAll() : [];
  for (const path of unread)
    violations.push({ invariant: "Convergence", message: `${path} is read no more` });
  const sum = (of: (loss: PowerLoss) => number): number => losses.reduce((all, loss) => all + of(loss), 0);
  return diskReport(options, load.history, {
    faults: { "power-loss": losses.length / options.nodes },
    outcomes: {
      syncs: sum(({ syncs }) => syncs),
      bytesCut: sum(({ bytesCut }) => bytesCut),
      filesRemoved: sum(({ filesRemoved }) => filesRemoved),
    },
    violations,
  });
}
