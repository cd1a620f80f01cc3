import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../peers/machine.ts";
import { machineLine } from "../peers/machine.ts";
import type { Lines } from "../peers/report.ts";
import type { Site } from "../systems/cluster.ts";
import type { Asked } from "./asked.ts";
import { askedTable } from "./tables.ts";

/** Figures to measure, one after the other, each in a folder of its own. */
export interface FigureRun<F extends string> {
  readonly only: readonly F[];
  readonly measure: (figure: F, site: Site) => Promise<readonly Asked[]>;
  /** What measures a figure again. */
  readonly command: (figure: F) => string;
  readonly json: boolean;
}

/** A figure that cannot be measured does not keep the others from it; the command fails in the end. */
function givenUp(figure: string, error: unknown, { launch }: Site, progress: Lines["progress"]): Asked[] {
  launch.killAll();
  process.exitCode = 1;
  progress(`${figure} cannot be measured: ${error instanceof Error ? error.message : String(error)}`);
  return [];
}

/** Measures figures that are asked for, and tells each as a JSON line or all of them as a table. */
export async function runFigures<F extends string>(
  { only, measure, command, json }: FigureRun<F>,
  machine: Machine,
  site: Site,
  { out, progress }: Lines,
): Promise<void> {
  const all: Asked[] = [];
  if (!json) out(machineLine(machine));
  for (const figure of only) {
    const folder = join(site.folder, figure);
    await mkdir(folder);
    progress(`measuring ${figure}`);
    const found = await measure(figure, { ...site, folder }).catch((error: unknown) =>
      givenUp(figure, error, site, progress),
    );
    all.push(...found);
    if (!json) continue;
    for (const each of found)
      out(JSON.stringify({ ...each, command: command(figure), machine: machineLine(machine) }));
  }
  if (!json) out(askedTable(all));
}
