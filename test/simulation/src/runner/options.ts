import { parseArgs } from "node:util";

/** What the command line asked for. */
export interface RunnerOptions {
  /** The seed to replay, or the first of several. */
  readonly seed: number | null;
  /** How many worlds; null to replay one. */
  readonly runs: number | null;
  readonly json: boolean;
  readonly jobs: number | null;
  readonly soak: boolean;
  /** Worlds of the log alone, without the product. */
  readonly raft: boolean;
  readonly minutes: number;
  readonly planFile: string | null;
  readonly historyFile: string | null;
  readonly shrink: boolean;
  /** Measure the speed and run nothing else. */
  readonly measure: boolean;
  /** Tell what the worlds covered. */
  readonly coverage: boolean;
  /** Crash at the write boundaries of the scenarios: at every `sweep`th of them; null: not at all. */
  readonly sweep: number | null;
  /** Which ones of them; below `sweep`. */
  readonly part: number;
  /** Print the plan and run nothing. */
  readonly printPlan: boolean;
  readonly worker: boolean;
}

/** How to use the command. */
export const usage: string = `usage: npm run sim -- [options]
  --seed S          replay the world of one seed
  --runs N          run N worlds with fresh seeds, or with --seed S, S+1, ...
  --raft            worlds of the log alone, with registers on it
  --soak            run fresh seeds until the time is over
  --minutes M       how long to soak (default 10)
  --jobs J          processes side by side (default 2, at most one a core)
  --coverage        with --runs or --soak: tell what was covered
  --sweep N         crash a member at every Nth write boundary of ten scenarios
  --part K          with --sweep N: others of them for each K below N, all of them together
  --plan FILE       replay a plan
  --print-plan      print the plan of the seed and run nothing
  --shrink          drop faults from a failing plan while it still fails
  --history FILE    write the history of the replayed world
  --measure         how fast the standard mix is, by CPU time
  --json            one JSON object a line`;

const mostSeed = 0xffff_ffff;

function count(text: string | undefined, name: string, most: number, least = 0): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`--${name}: expected a whole number from ${least} to ${most}`);
}

/**
 * Reads the arguments of the command.
 * @throws TypeError, RangeError when they make no sense
 */
export function readOptions(args: readonly string[]): RunnerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      json: { type: "boolean", default: false },
      jobs: { type: "string" },
      raft: { type: "boolean", default: false },
      soak: { type: "boolean", default: false },
      minutes: { type: "string" },
      plan: { type: "string" },
      "print-plan": { type: "boolean", default: false },
      history: { type: "string" },
      measure: { type: "boolean", default: false },
      coverage: { type: "boolean", default: false },
      sweep: { type: "string" },
      part: { type: "string" },
      shrink: { type: "boolean", default: false },
      worker: { type: "boolean", default: false },
    },
  });
  return {
    seed: count(values.seed, "seed", mostSeed),
    runs: count(values.runs, "runs", 1_000_000, 1),
    json: values.json,
    jobs: count(values.jobs, "jobs", 64),
    soak: values.soak,
    raft: values.raft,
    minutes: count(values.minutes, "minutes", 100_000, 1) ?? 10,
    planFile: values.plan ?? null,
    historyFile: values.history ?? null,
    shrink: values.shrink,
    measure: values.measure,
    coverage: values.coverage,
    sweep: count(values.sweep, "sweep", 1_000_000),
    part: count(values.part, "part", 1_000_000) ?? 0,
    printPlan: values["print-plan"],
    worker: values.worker,
  };
}
