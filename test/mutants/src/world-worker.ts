import { pathToFileURL } from "node:url";
import type { WorldViolation } from "./finding.ts";
import type { WorldChoice } from "./worlds.ts";

/** What the parent hears of each world; `cpuMs` is that of the process since the last answer. */
export interface WorldAnswer {
  readonly seed: number;
  readonly violations: readonly WorldViolation[];
  readonly cpuMs: number;
}

interface Simulation {
  readonly makePlan: (seed: number) => unknown;
  readonly makeLogPlan: (seed: number) => unknown;
  readonly runPlan: (plan: unknown) => Promise<{ readonly violations: readonly WorldViolation[] }>;
}

let spentMs = 0;

function cpuSinceMs(): number {
  const { user, system } = process.cpuUsage();
  const totalMs = (user + system) / 1000;
  const sinceMs = totalMs - spentMs;
  spentMs = totalMs;
  return sinceMs;
}

async function run(simulation: Simulation, { seed, isLogAlone }: WorldChoice): Promise<WorldAnswer> {
  const { makePlan, makeLogPlan, runPlan } = simulation;
  const { violations } = await runPlan(isLogAlone ? makeLogPlan(seed) : makePlan(seed));
  const told = violations.map(({ invariant, message }) => ({ invariant, message }));
  return { seed, violations: told, cpuMs: cpuSinceMs() };
}

const simulation = (await import(pathToFileURL(process.argv[2] ?? "").href)) as Simulation;

process.on("disconnect", () => process.exit(0));
process.on("message", (world: WorldChoice) => {
  run(simulation, world).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.("ready");
