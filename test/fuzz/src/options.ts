import { parseArgs } from "node:util";
import { targets } from "./run.ts";
import type { Target } from "./run.ts";

/** What the command line asked for. */
export interface FuzzOptions {
  readonly frames: number;
  readonly seed: number;
  readonly targets: readonly Target[];
  /** Add the shortest frame of every outcome not kept yet to the corpus. */
  readonly keep: boolean;
}

/** How to use the command. */
export const usage: string = `usage: npm run fuzz -- [options]
  --frames N        how many frames for each target (default 100000)
  --seed S          what they are drawn from (default 1)
  --target T        ${targets.join(", ")} or all (default)
  --keep            add the shortest frame of every new outcome to the corpus`;

function whole(text: string, name: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`--${name}: expected a whole number, ${least} or more`);
}

/**
 * Reads the arguments of the command.
 * @throws TypeError, RangeError when they make no sense
 */
export function readOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      frames: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
      target: { type: "string", default: "all" },
      keep: { type: "boolean", default: false },
    },
  });
  const chosen = targets.filter((target) => values.target === "all" || values.target === target);
  if (chosen.length === 0) throw new RangeError(`--target: there is no ${values.target}`);
  const { keep } = values;
  return {
    frames: whole(values.frames, "frames", 1),
    seed: whole(values.seed, "seed", 0),
    targets: chosen,
    keep,
  };
}
