import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../peers/machine.ts";
import { machineLine } from "../peers/machine.ts";
import type { Lines } from "../peers/report.ts";
import type { Asked } from "../report/asked.ts";
import { askedTable } from "../report/tables.ts";
import type { Launch } from "../systems/launch.ts";
import type { RaftFigure, RaftOptions } from "./figure-names.ts";
import type { Bench } from "./figures.ts";
import { failover, idle, latency, stall, throughput } from "./figures.ts";
import { mutants, speed } from "./commands.ts";

function measures(runMutants: boolean): Readonly<Record<RaftFigure, (bench: Bench) => Promise<Asked[]>>> {
  return {
    mutants: ({ progress }) => mutants(runMutants, progress),
    speed: ({ progress }) => speed(progress),
    throughput,
    latency,
    failover,
    stall,
    idle,
  };
}

/** A figure that cannot be measured does not keep the others from it; the command fails in the end. */
function givenUp(figure: RaftFigure, error: unknown, launch: Launch, progress: Lines["progress"]): Asked[] {
  launch.killAll();
  process.exitCode = 1;
  progress(`${figure} cannot be measured: ${error instanceof Error ? error.message : String(error)}`);
  return [];
}

/** Measures the figures that are asked of `@flotilla/raft`: one after the other, each on members of its own. */
export async function runRaft(
  options: RaftOptions,
  machine: Machine,
  site: { readonly launch: Launch; readonly folder: string },
  { out, progress }: Lines,
): Promise<void> {
  const { only, mutants: runMutants, json, ...extent } = options;
  const all: Asked[] = [];
  if (!json) out(machineLine(machine));
  for (const figure of only) {
    const folder = join(site.folder, figure);
    await mkdir(folder);
    progress(`measuring ${figure}`);
    const bench = { site: { ...site, folder }, extent, progress };
    const measure = measures(runMutants)[figure];
    const found = await measure(bench).catch((error: unknown) =>
      givenUp(figure, error, site.launch, progress),
    );
    all.push(...found);
    const command = `npm run bench -- raft --json --only ${figure} --seconds ${extent.measureMs / 1000} --trials ${extent.trials}`;
    if (json)
      for (const each of found) out(JSON.stringify({ ...each, command, machine: machineLine(machine) }));
  }
  if (!json) out(askedTable(all));
}
