import { fileURLToPath } from "node:url";
import type { Plan } from "../plan/plan.ts";
import { runPool } from "./pool.ts";
import type { WorldLine } from "./world-line.ts";

/** How fast worlds of the standard mix happen. */
export interface Speed {
  readonly simulatedHours: number;
  /** User and system time of the worker while those worlds happened. */
  readonly cpuSeconds: number;
  /** Simulated hours in a minute of one core. */
  readonly hoursPerMinuteAndCore: number;
  readonly worlds: number;
  /** Worlds before those, not counted: the process compiles what it runs. */
  readonly warmUpWorlds: number;
  /** Answered, by simulated time. */
  readonly opsPerSecond: number;
  /** Mean time between two faults, simulated seconds. */
  readonly secondsPerFault: number;
}

const firstSeed = 1;
const standardWorlds = 60;
const warmUpWorlds = 20;
const program = fileURLToPath(new URL("../main.js", import.meta.url));

/**
 * Measures the simulator: the worlds of seeds 1 to 80 in the standard mix (`standardPlan` or `standardLogPlan`), one
 * after another in one process, everything checked. The first 20 are not counted: most of what they take is for code
 * that is not compiled yet, which a process pays once. By CPU time, so that others on the machine matter less.
 * @throws Error when a world breaks a promise, as its speed then says nothing
 */
export async function measureSpeed(
  planOf: (seed: number) => Plan,
  worlds: number = standardWorlds,
): Promise<Speed> {
  const lines: WorldLine[] = [];
  let started = 0;
  await runPool({
    program,
    jobs: 1,
    next: () => {
      started += 1;
      return started > warmUpWorlds + worlds ? null : planOf(firstSeed + started - 1);
    },
    onResult: (line) => lines.push(line),
  });
  const broken = lines.find(({ violations }) => violations.length > 0);
  if (broken !== undefined)
    throw new Error(`the standard world of seed ${broken.seed}: ${JSON.stringify(broken.violations)}`);
  return speedOf(lines.slice(warmUpWorlds));
}

function speedOf(lines: readonly WorldLine[]): Speed {
  const sum = (of: (line: WorldLine) => number): number => lines.reduce((total, line) => total + of(line), 0);
  const simulatedSeconds = sum(({ simulatedMs }) => simulatedMs) / 1000;
  const cpuSeconds = sum(({ cpuMs }) => cpuMs) / 1000;
  const faults = sum((line) => Object.values(line.faults).reduce((total, count) => total + count, 0));
  return {
    simulatedHours: simulatedSeconds / 3600,
    cpuSeconds,
    hoursPerMinuteAndCore: simulatedSeconds / 60 / cpuSeconds,
    worlds: lines.length,
    warmUpWorlds,
    opsPerSecond: sum(({ ops }) => ops) / simulatedSeconds,
    secondsPerFault: simulatedSeconds / faults,
  };
}
