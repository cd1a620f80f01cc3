import { fileURLToPath } from "node:url";
import { standardPlan } from "../plan/standard-plan.ts";
import { runPool } from "./pool.ts";
import type { WorldLine } from "./world-line.ts";

/** How fast worlds of the standard mix happen. */
export interface Speed {
  readonly simulatedHours: number;
  /** User and system time of the worker, with everything but the start of its process. */
  readonly cpuSeconds: number;
  /** Simulated hours in a minute of one core. */
  readonly hoursPerMinuteAndCore: number;
  readonly worlds: number;
  /** Answered, by simulated time. */
  readonly opsPerSecond: number;
  /** Mean time between two faults, simulated seconds. */
  readonly secondsPerFault: number;
}

const firstSeed = 1;
const standardWorlds = 40;
const program = fileURLToPath(new URL("../main.js", import.meta.url));

/**
 * Measures the simulator: the worlds of seeds 1 to 40 in the standard mix (see `standardPlan`), one after
 * another in one process, everything checked. By CPU time, so that others on the machine matter less.
 * @throws Error when a world breaks a promise, as its speed then says nothing
 */
export async function measureSpeed(worlds: number = standardWorlds): Promise<Speed> {
  const lines: WorldLine[] = [];
  let started = 0;
  await runPool({
    program,
    jobs: 1,
    next: () => {
      started += 1;
      return started > worlds ? null : standardPlan(firstSeed + started - 1);
    },
    onResult: (line) => lines.push(line),
  });
  const broken = lines.find(({ violations }) => violations.length > 0);
  if (broken !== undefined)
    throw new Error(`the standard world of seed ${broken.seed}: ${JSON.stringify(broken.violations)}`);
  return speedOf(lines);
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
    opsPerSecond: sum(({ ops }) => ops) / simulatedSeconds,
    secondsPerFault: simulatedSeconds / faults,
  };
}
