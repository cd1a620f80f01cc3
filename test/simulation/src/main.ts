import { fileURLToPath } from "node:url";
import { standardLogPlan, standardPlan } from "./plan/standard-plan.ts";
import { measureSpeed } from "./runner/measure.ts";
import { readOptions, usage } from "./runner/options.ts";
import type { RunnerOptions } from "./runner/options.ts";
import { replay } from "./runner/replay.ts";
import { freshSeed, runMany } from "./runner/run-many.ts";
import { runSweep } from "./runner/run-sweep.ts";
import { serveParent } from "./runner/worker.ts";

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function options(): RunnerOptions | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return null;
  }
}

async function main(): Promise<number> {
  const asked = options();
  if (asked === null) return 2;
  if (asked.measure) {
    print(
      JSON.stringify(
        await measureSpeed(asked.raft ? standardLogPlan : standardPlan, asked.runs ?? undefined),
      ),
    );
    return 0;
  }
  const program = fileURLToPath(import.meta.url);
  if (asked.sweep !== null) return runSweep(asked, program, print);
  if (asked.runs !== null || asked.soak) return runMany(asked, program, print);
  return replay(asked, asked.seed ?? freshSeed(), print);
}

// Whoever reads may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

if (process.argv.includes("--worker")) serveParent();
else process.exitCode = await main();
