import type { Plan } from "../plan/plan.ts";
import { sweptPlans } from "../sweep/boundaries.ts";
import type { RunnerOptions } from "./options.ts";
import { runPool } from "./pool.ts";
import { jobsOf } from "./run-many.ts";
import type { WorldLine } from "./world-line.ts";

/**
 * Crashes a member at the write boundaries of the scenarios, each time in a world of its own. A failure prints its
 * plan, for `--plan`. Returns the exit code.
 */
export async function runSweep(
  options: RunnerOptions,
  program: string,
  print: (line: string) => void,
): Promise<number> {
  const startMs = performance.now();
  const { part, raft } = options;
  const worlds = await sweptPlans({ every: Math.max(1, options.sweep ?? 1), part, raft });
  const left = [...worlds];
  const failures: { readonly scenario: string; readonly boundary: number; readonly found: string }[] = [];
  await runPool({
    program,
    jobs: jobsOf(options),
    next: () => left.shift()?.plan ?? null,
    onResult: (line, _gain, plan) => {
      const found = wrongWith(line, plan);
      const world = worlds.find((each) => each.plan === plan);
      if (found === null || world === undefined) return;
      const { scenario, boundary } = world;
      failures.push({ scenario, boundary, found });
      print(JSON.stringify({ ...failures.at(-1), plan }));
    },
  });
  const wallSeconds = Math.round((performance.now() - startMs) / 100) / 10;
  print(JSON.stringify({ swept: worlds.length, wallSeconds, failures }));
  return failures.length === 0 ? 0 : 1;
}

/** A crash that struck nobody shows nothing. */
function wrongWith({ violations, faults }: WorldLine, plan: Plan): string | null {
  const [first] = violations;
  if (first !== undefined) return `${first.invariant}: ${first.message}`;
  const crashes = plan.faults.filter(({ kind }) => kind === "crash").length;
  return faults["crash"] === crashes ? null : `${faults["crash"] ?? 0} of ${crashes} crashes struck`;
}
