import type { Machine } from "../peers/machine.ts";
import type { Lines } from "../peers/report.ts";
import type { Asked } from "../report/asked.ts";
import { runFigures } from "../report/run-figures.ts";
import type { Site } from "../systems/cluster.ts";
import type { CoordBench } from "./bench.ts";
import type { CoordFigure, CoordOptions } from "./figure-names.ts";
import { importing, starting } from "./begin-figures.ts";
import { contended, lock } from "./lock-figures.ts";
import { leases, sessions } from "./many-figures.ts";
import { linearizableRead, localRead } from "./read-figures.ts";
import { takeover } from "./takeover-figures.ts";

const measures: Readonly<Record<CoordFigure, (bench: CoordBench) => Promise<Asked[]>>> = {
  lock,
  contended,
  takeover,
  "local-read": localRead,
  "linearizable-read": linearizableRead,
  sessions,
  leases,
  import: importing,
  start: starting,
};

/** Measures the figures that are asked of `@flotilla/coord`, each on processes of its own. */
export async function runCoord(
  { only, json, zooKeeper, ...extent }: CoordOptions,
  machine: Machine,
  site: Site,
  lines: Lines,
): Promise<void> {
  const { measureMs, trials } = extent;
  const run = {
    only,
    json,
    measure: (figure: CoordFigure, own: Site) =>
      measures[figure]({ site: own, extent, zooKeeper, progress: lines.progress }),
    command: (figure: CoordFigure) =>
      `npm run bench -- coord --json --only ${figure} --seconds ${measureMs / 1000} --trials ${trials} --sessions ${extent.sessions} --leases ${extent.leases}`,
  };
  await runFigures(run, machine, site, lines);
}
