import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Asked } from "../report/asked.ts";
import { atLeast } from "../report/asked.ts";

/** Where the figure of the mutants comes from. */
export interface MutantsAsked {
  /** Run them all, for half an hour and more. */
  readonly run: boolean;
  /** File with the lines of `npm run mutants -- --json`; null: none. */
  readonly results: string | null;
}

type Progress = (line: string) => void;

const kindsOfWorlds = [
  ["the log alone", ["--raft", "--measure"]],
  ["the whole product", ["--measure"]],
] as const;

function programOf(name: string): string {
  return fileURLToPath(new URL(`../../../test/${name}/dist/main.js`, import.meta.url));
}

/** How many percent of the mutants were noticed, from the command's last line. @throws Error when it does not say */
export function killedShare(line: string): number {
  const [total, killed] = numbersIn(line, ["total", "killed"]);
  if (total === undefined || killed === undefined || total < 1)
    throw new Error("the mutants command did not end with its totals");
  return (100 * killed) / total;
}

/**
 * How many percent of the catalogued mutants were noticed, by the lines of one run or of several: of a mutant judged
 * twice the last verdict counts. @throws Error when a mutant has no verdict, or one is of none that there is
 */
export function judgedShare(lines: string, catalogued: readonly string[]): number {
  const verdicts = new Map<string, boolean>();
  for (const line of lines.split("\n").filter((each) => each.startsWith("{"))) {
    const said = fieldsOf(line);
    const id = said.get("id");
    if (typeof id === "string") verdicts.set(id, said.get("killed") === true);
  }
  const missing = catalogued.filter((id) => !verdicts.has(id));
  const unknown = [...verdicts.keys()].filter((id) => !catalogued.includes(id));
  if (missing.length > 0) throw new Error(`no verdict on ${missing.join(", ")}: the run was not complete`);
  if (unknown.length > 0)
    throw new Error(`there is no mutant ${unknown.join(", ")}: the run is of another state`);
  const killed = [...verdicts.values()].filter(Boolean).length;
  return (100 * killed) / catalogued.length;
}

/** Simulated hours in a minute of one core, from the command's line. @throws Error when it does not say */
export function simulatedHours(line: string): number {
  const [hours] = numbersIn(line, ["hoursPerMinuteAndCore"]);
  if (hours === undefined) throw new Error("the simulator did not say how fast it is");
  return hours;
}

function fieldsOf(line: string): ReadonlyMap<string, unknown> {
  const said: unknown = line === "" ? {} : JSON.parse(line);
  return new Map(typeof said === "object" && said !== null ? Object.entries(said) : []);
}

function numbersIn(line: string, names: readonly string[]): (number | undefined)[] {
  const values = fieldsOf(line);
  return names.map((name) => {
    const value = values.get(name);
    return typeof value === "number" ? value : undefined;
  });
}

/** The ids of all mutants there are. @throws Error when the command does not name them */
async function catalogued(progress: Progress): Promise<readonly string[]> {
  const ids = fieldsOf(await lastLine("mutants", ["--check", "--json"], progress)).get("fit");
  if (!Array.isArray(ids) || ids.length === 0) throw new Error("the mutants command named none");
  return ids.map(String);
}

/**
 * Takes the verdicts from what complete runs of the mutants printed, or runs them all; without either the figure stays
 * open. @throws Error when the command fails, or the file lacks a mutant of the catalogue
 */
export async function mutants(
  { run, results }: MutantsAsked,
  progress: Progress,
  known: (progress: Progress) => Promise<readonly string[]> = catalogued,
): Promise<Asked[]> {
  let share: number | null = null;
  if (results !== null) share = judgedShare(await readFile(results, "utf8"), await known(progress));
  else if (run) share = killedShare(await lastLine("mutants", ["--json"], progress));
  return [atLeast("mutants killed in the default budget", share, 90, "%")];
}

/** Runs simulated worlds of the standard mix, for minutes: the log alone, and the whole product on it. @throws Error when one of them breaks a promise */
export async function speed(progress: Progress): Promise<Asked[]> {
  const figures: Asked[] = [];
  for (const [worlds, args] of kindsOfWorlds) {
    const hours = simulatedHours(await lastLine("simulation", args, progress));
    figures.push(atLeast(`simulated hours in a minute of one core, standard mix, ${worlds}`, hours, 5, "h"));
  }
  return figures;
}

async function lastLine(name: string, args: readonly string[], progress: Progress): Promise<string> {
  const child = spawn(process.execPath, [programOf(name), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    progress(`${name}: ${line}`);
  }
  process.off("exit", kill);
  return last;
}
