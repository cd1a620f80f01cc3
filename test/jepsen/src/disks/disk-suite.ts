import { join } from "node:path";
import type { DiskReport } from "./disk-report.ts";
import { runBitRot } from "./bit-rot-run.ts";
import { runPowerLoss } from "./power-loss-run.ts";

/** A cluster of its own after so many. */
const timesEach = 20;
/** Each third cluster that loses power has three members. */
const clusterEvery = 3;

/** Faults of disks, one kind only, spread over as many clusters as it takes. */
export async function* diskSuite(
  kind: "power-loss" | "bit-rot",
  times: number,
  seed: number,
  out: string | null,
): AsyncGenerator<DiskReport, void> {
  for (let k = 0; k * timesEach < times; k += 1) {
    const name = `${kind}-${k}`;
    const options = {
      name,
      outFolder: out === null ? null : join(out, name),
      seed: (seed + k) % 2 ** 32,
      nodes: kind === "power-loss" && k % clusterEvery === clusterEvery - 1 ? 3 : 1,
      times: Math.min(timesEach, times - k * timesEach),
    };
    yield await (kind === "power-loss" ? runPowerLoss(options) : runBitRot(options));
  }
}
