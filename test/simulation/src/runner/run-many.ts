import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { Covered } from "../coverage/covered.ts";
import { makeLogPlan } from "../plan/log-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunnerOptions } from "./options.ts";
import { runPool } from "./pool.ts";
import { Tally } from "./summary.ts";
import type { Gain } from "./worker.ts";
import type { WorldLine } from "./world-line.ts";

const seeds = 0x1_0000_0000;
const msPerMinute = 60_000;

/** A seed nobody chose. */
export function freshSeed(): number {
  return randomInt(seeds);
}

/** Runs many worlds in child processes. Returns the exit code. */
export async function runMany(
  options: RunnerOptions,
  program: string,
  print: (line: string) => void,
): Promise<number> {
  const startMs = performance.now();
  const tally = new Tally();
  let started = 0;
  const isOver = (): boolean =>
    options.soak
      ? performance.now() - startMs >= options.minutes * msPerMinute
      : started >= (options.runs ?? 1);
  const next = (): Plan | null => {
    if (isOver()) return null;
    const seed = options.seed === null ? freshSeed() : (options.seed + started) % seeds;
    started += 1;
    return options.raft ? makeLogPlan(seed) : makePlan(seed);
  };
  const covered = new Covered();
  const onResult = (line: WorldLine, gain: Gain | null): void => {
    tally.add(line);
    if (gain !== null) covered.add(gain);
    print(options.json ? JSON.stringify(line) : asText(line));
  };
  await runPool({ program, jobs: jobsOf(options), next, onResult });
  if (options.coverage) {
    if (options.json) print(JSON.stringify({ coverage: covered.figures() }));
    else for (const line of covered.lines()) print(line);
  }
  print(JSON.stringify(tally.summary(performance.now() - startMs)));
  return tally.failed ? 1 : 0;
}

/** How many processes run side by side. */
export function jobsOf({ jobs }: Pick<RunnerOptions, "jobs">): number {
  return Math.max(1, jobs ?? Math.min(2, availableParallelism()));
}

function asText({ seed, traceHash, ops, leaderChanges, wallMs, violations }: WorldLine): string {
  const head = `seed ${seed}  trace ${traceHash}  ${ops} operations, ${leaderChanges} leader changes, ${wallMs} ms`;
  const found = violations.map(({ invariant, message }) => `\n  VIOLATION ${invariant}: ${message}`);
  return head + found.join("");
}
