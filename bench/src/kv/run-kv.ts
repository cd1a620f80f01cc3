import type { Machine } from "../peers/machine.ts";
import type { Lines } from "../peers/report.ts";
import type { Asked } from "../report/asked.ts";
import { runFigures } from "../report/run-figures.ts";
import type { Site } from "../systems/cluster.ts";
import type { KvFigure, KvOptions } from "./figure-names.ts";
import type { KvBench } from "./figures.ts";
import { apply, memory, restore, snapshot, watchers } from "./figures.ts";

const measures: Readonly<Record<KvFigure, (bench: KvBench) => Promise<Asked[]>>> = {
  apply,
  memory,
  snapshot,
  restore,
  watchers,
};

/** Measures the figures that are asked of `@flotilla/kv`, each in processes of its own. */
export async function runKv(
  { only, json, ...extent }: KvOptions,
  machine: Machine,
  site: Site,
  lines: Lines,
): Promise<void> {
  const run = {
    only,
    json,
    measure: (figure: KvFigure, own: Site) =>
      measures[figure]({ site: own, extent, progress: lines.progress }),
    command: (figure: KvFigure) =>
      `npm run bench -- kv --json --only ${figure} --nodes ${extent.nodes} --trials ${extent.trials}`,
  };
  await runFigures(run, machine, site, lines);
}
