import { parseArgs } from "node:util";

/** What the command line asked for. */
export interface MutantOptions {
  readonly json: boolean;
  /** Ids to run; null: all. */
  readonly only: readonly string[] | null;
  readonly smoke: boolean;
  /** Real processes judge, those mutants that something is known to provoke. */
  readonly real: boolean;
  /** CPU seconds for each mutant. */
  readonly budgetSeconds: number;
  readonly parallel: number;
  readonly seed: number;
  /** Small changes of this package instead; null: the catalogue. */
  readonly generic: "kv" | "raft" | null;
  /** How many small changes. */
  readonly sample: number;
  /** How many of those that the seed draws come before them. */
  readonly skip: number;
  /** Only whether every mutant fits the source. */
  readonly check: boolean;
}

/** How to use the command. */
export const usage: string = `usage: npm run mutants -- [options]
  --only R01,R04    these mutants (default: all)
  --smoke           twelve that die quickly
  --real            judged by real processes under faults, those that are known to show there
  --budget S        CPU seconds for each (default 60)
  --seed S          the first world (default 1)
  --parallel N      side by side, each in its own copy (default 1)
  --generic NAME    small changes of kv or raft instead, found by the tests of the package
  --sample N        how many of those, drawn by the seed (default 100)
  --skip N          go on behind the first N of those (default 0)
  --check           only see whether all of them fit the source; with --json: name them
  --json            one JSON object a line`;

function count(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`--${name}: expected a whole number from ${least} to ${most}`);
}

function subject(name: string): "kv" | "raft" {
  if (name === "kv" || name === "raft") return name;
  throw new RangeError("--generic: expected kv or raft");
}

/**
 * Reads the arguments of the command.
 * @throws TypeError, RangeError when they make no sense
 */
export function readOptions(args: readonly string[]): MutantOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      only: { type: "string" },
      real: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      budget: { type: "string", default: "60" },
      parallel: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      generic: { type: "string" },
      sample: { type: "string", default: "100" },
      skip: { type: "string", default: "0" },
      check: { type: "boolean", default: false },
    },
  });
  return {
    json: values.json,
    only: values.only?.split(",").map((id) => id.trim()) ?? null,
    smoke: values.smoke,
    real: values.real,
    budgetSeconds: count(values.budget, "budget", 1, 100_000),
    parallel: count(values.parallel, "parallel", 1, 64),
    seed: count(values.seed, "seed", 0, 0xffff_0000),
    generic: values.generic === undefined ? null : subject(values.generic),
    sample: count(values.sample, "sample", 1, 100_000),
    skip: count(values.skip, "skip", 0, 100_000),
    check: values.check,
  };
}
