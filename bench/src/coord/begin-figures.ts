import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Histogram } from "../load/histogram.ts";
import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import { freePorts } from "../systems/free-ports.ts";
import type { CoordBench } from "./bench.ts";
import { ms } from "./bench.ts";

const run = promisify(execFile);

/** Runs a program of this folder, which prints one line of JSON. */
async function printed(program: string, args: readonly string[]): Promise<unknown> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await run(process.execPath, [path, ...args]);
  const found: unknown = JSON.parse(stdout);
  return found;
}

function numberIn(value: unknown, name: string): number {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  if (typeof found !== "number") throw new Error(`the process said nothing of ${name}`);
  return found;
}

/** Loads the client's entry in a fresh process. */
export async function importing({ extent, progress }: CoordBench): Promise<Asked[]> {
  const times = new Histogram();
  let addons = 0;
  for (let k = 0; k < extent.trials; k += 1) {
    const found = await printed("import-main.js", []);
    times.record(numberIn(found, "ms"));
    addons = Math.max(addons, numberIn(found, "addons"));
  }
  const p50 = times.quantileMs(0.5);
  progress(`import: p50 ${ms(p50)}, max ${ms(times.maxMs)} in ${extent.trials}`);
  return [
    atMost("import of @flotilla/coord/client, p50", p50, 60, "ms"),
    atMost("native addons it loads", addons, 0, ""),
  ];
}

/** Starts a cluster of one in an empty folder and writes. */
export async function starting({ site, extent, progress }: CoordBench): Promise<Asked[]> {
  const times = new Histogram();
  for (let k = 0; k < extent.trials; k += 1) {
    const [port = 0] = await freePorts(1);
    const args = [join(site.folder, `t${k}`), `127.0.0.1:${port}`];
    times.record(numberIn(await printed("start-main.js", args), "ms"));
  }
  const p50 = times.quantileMs(0.5);
  progress(`start: p50 ${ms(p50)}, max ${ms(times.maxMs)} in ${extent.trials}`);
  return [atMost("start of a single node to its first write, p50", p50, 300, "ms")];
}
