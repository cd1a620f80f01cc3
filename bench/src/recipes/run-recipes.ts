import type { Machine } from "../peers/machine.ts";
import type { Lines } from "../peers/report.ts";
import type { Asked } from "../report/asked.ts";
import { runFigures } from "../report/run-figures.ts";
import type { Site } from "../systems/cluster.ts";
import type { RecipeBench } from "./bench.ts";
import { counter } from "./counter-figure.ts";
import { keeper } from "./keeper-figure.ts";
import { shards } from "./shards-figure.ts";
import { queue } from "./queue-figure.ts";
import { cron } from "./cron-figure.ts";
import type { RecipeFigure, RecipeOptions } from "./figure-names.ts";

const measures: Readonly<Record<RecipeFigure, (bench: RecipeBench) => Promise<Asked[]>>> = {
  counter,
  queue,
  cron,
  shards,
  keeper,
};

/** Measures the figures that are asked of the recipes, each on processes of its own. */
export async function runRecipes(
  { only, json, zooKeeper, ...extent }: RecipeOptions,
  machine: Machine,
  site: Site,
  lines: Lines,
): Promise<void> {
  const run = {
    only,
    json,
    measure: (figure: RecipeFigure, own: Site) =>
      measures[figure]({ site: own, extent, zooKeeper, progress: lines.progress }),
    command: (figure: RecipeFigure) =>
      `npm run bench -- recipes --json --only ${figure} --seconds ${extent.measureMs / 1000}`,
  };
  await runFigures(run, machine, site, lines);
}
