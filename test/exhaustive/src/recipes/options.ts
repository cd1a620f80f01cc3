import { parseArgs } from "node:util";
import { rares } from "./scope.ts";
import type { Deviation, Rare, Scope } from "./scope.ts";
import { scopeOf, scopes } from "./scopes/index.ts";
import { readSchedule } from "./search.ts";

/** What the command line asked for. */
export interface Options {
  readonly scopes: readonly Scope[];
  readonly minutes: number;
  readonly replay: readonly Deviation[] | null;
  readonly list: boolean;
  readonly json: boolean;
}

export const usage: string = `usage: npm run soak -- exhaustive --recipes [options]
  --scope NAME         only this one, or all that begin so with a star behind; default: all, one after the other
  --budget KIND=N,...  how often what may happen, in place of what the scope says
  --deviations N       how often the default is left
  --minutes M          stop each scope after so many minutes (default 10)
  --replay SCHEDULE    do what a schedule says, choices apart by commas, and tell of each step
  --list               tell which scopes there are
  --json               one JSON object a scope`;

function count(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(`${name}: expected a whole number from 0 on`);
}

function minutesOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0) return value;
  throw new RangeError("--minutes: expected a number above 0");
}

function budgetOf(text: string): Partial<Record<Rare, number>> {
  const budget: Partial<Record<Rare, number>> = {};
  for (const part of text.split(",")) {
    const [name = "", value = ""] = part.split("=");
    const kind = rares.find((one) => one === name.trim());
    if (kind === undefined) throw new RangeError(`--budget: nothing is called ${name}`);
    budget[kind] = count(value, `--budget ${name}`);
  }
  return budget;
}

function chosen(name: string | undefined): readonly Scope[] {
  if (name === undefined) return scopes;
  if (!name.endsWith("*")) return [scopeOf(name)];
  return scopes.filter((scope) => scope.name.startsWith(name.slice(0, -1)));
}

/**
 * Reads the arguments of the command.
 * @throws TypeError, RangeError when they make no sense
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      recipes: { type: "boolean" },
      scope: { type: "string" },
      budget: { type: "string" },
      deviations: { type: "string" },
      minutes: { type: "string", default: "10" },
      replay: { type: "string" },
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { scope, budget, deviations, replay } = values;
  if (replay !== undefined && scope === undefined) throw new RangeError("--replay needs a --scope");
  return {
    scopes: chosen(scope).map((one) => ({
      ...one,
      budget: budget === undefined ? one.budget : { ...one.budget, ...budgetOf(budget) },
      deviations: deviations === undefined ? one.deviations : count(deviations, "--deviations"),
    })),
    minutes: minutesOf(values.minutes),
    replay: replay === undefined ? null : readSchedule(replay),
    list: values.list,
    json: values.json,
  };
}
