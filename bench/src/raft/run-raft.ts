import type { Machine } from "../peers/machine.ts";
import type { Lines } from "../peers/report.ts";
import type { Asked } from "../report/asked.ts";
import { runFigures } from "../report/run-figures.ts";
import type { Site } from "../systems/cluster.ts";
import type { RaftFigure, RaftOptions } from "./figure-names.ts";
import type { Bench } from "./figures.ts";
import { failover, idle, latency, stall, throughput } from "./figures.ts";
import { mutants, speed } from "./commands.ts";
import type { MutantsAsked } from "./commands.ts";

function measures(asked: MutantsAsked): Readonly<Record<RaftFigure, (bench: Bench) => Promise<Asked[]>>> {
  return {
    mutants: ({ progress }) => mutants(asked, progress),
    speed: ({ progress }) => speed(progress),
    throughput,
    latency,
    failover,
    stall,
    idle,
  };
}

/** Measures the figures that are asked of `@flotilla/raft`: one after the other, each on members of its own. */
export async function runRaft(
  { only, mutants: run, results, json, ...extent }: RaftOptions,
  machine: Machine,
  site: Site,
  lines: Lines,
): Promise<void> {
  const measure = measures({ run, results });
  const { measureMs, trials } = extent;
  const figures = {
    only,
    json,
    measure: (figure: RaftFigure, own: Site) =>
      measure[figure]({ site: own, extent, progress: lines.progress }),
    command: (figure: RaftFigure) =>
      `npm run bench -- raft --json --only ${figure} --seconds ${measureMs / 1000} --trials ${trials}`,
  };
  await runFigures(figures, machine, site, lines);
}
