import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { MutantError } from "../mutant.ts";
import type { Mutant } from "../mutant.ts";
import { Workspace } from "../workspace.ts";
import type { Outcome } from "./outcome.ts";
import { outcomeOf } from "./outcome.ts";
import type { Provocation } from "./provocations.ts";

/** What runs members and clients as processes of their own. */
const builtFolders = ["packages/server", "test/jepsen"];
const usualAttempts = 3;

/** What real processes say of one mutant. */
export interface RealVerdict {
  readonly id: string;
  readonly killed: boolean;
  /** The invariant that was seen to be broken; `crash` when the run itself came to nothing; null when nothing was noticed. */
  readonly by: string | null;
  readonly runs: number;
  readonly seconds: number;
  readonly message: string;
}

/** A verdict for people. */
export function realText({ id, killed, by, runs, seconds, message }: RealVerdict): string {
  const fate = killed ? `noticed by ${by ?? ""}` : by === null ? "NOT NOTICED" : `came to nothing: ${by}`;
  return `${id.padEnd(5)} ${fate}, ${runs} runs, ${seconds} s${message === "" ? "" : `: ${message}`}`;
}

export interface RealOptions {
  readonly root: string;
  readonly firstSeed: number;
  readonly onVerdict: (verdict: RealVerdict) => void;
}

/** Plants mutants one by one and lets processes run under faults that provoke them, until a checker of histories notices. */
export async function runReal(
  mutants: readonly Mutant[],
  provocations: readonly Provocation[],
  options: RealOptions,
): Promise<RealVerdict[]> {
  await using workspace = await Workspace.create(options.root, builtFolders);
  const verdicts: RealVerdict[] = [];
  for (const mutant of mutants) {
    const provocation = provocations.find(({ id }) => id === mutant.id);
    if (provocation === undefined) throw new MutantError(`${mutant.id}: nothing is known to provoke it`);
    const verdict = await provoke(workspace, mutant, provocation, options.firstSeed);
    verdicts.push(verdict);
    options.onVerdict(verdict);
  }
  return verdicts;
}

async function provoke(
  workspace: Workspace,
  mutant: Mutant,
  { args, attempts = usualAttempts }: Provocation,
  firstSeed: number,
): Promise<RealVerdict> {
  const begunMs = performance.now();
  const remove = await workspace.plant(mutant);
  let outcome: Outcome = { by: null, message: "" };
  let runs = 0;
  try {
    while (outcome.by === null && runs < attempts) {
      outcome = await runOnce(workspace.folder, [...args, "--seed", String(firstSeed + runs)]);
      runs += 1;
    }
  } finally {
    await remove();
  }
  const killed = outcome.by !== null && outcome.by !== "crash";
  const seconds = Math.round((performance.now() - begunMs) / 1000);
  return { id: mutant.id, killed, by: outcome.by, runs, seconds, message: outcome.message };
}

/** Longer than any run takes on a machine that is busy with everything else. */
const longestMs = 240_000;

async function runOnce(folder: string, args: readonly string[]): Promise<Outcome> {
  const main = join(folder, "test/jepsen/dist/main.js");
  const child = spawn(process.execPath, [main, ...args, "--json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = (): void => void child.kill("SIGTERM");
  const late = setTimeout(end, longestMs);
  process.once("exit", end);
  let printed = "";
  let complained = "";
  child.stdout.on("data", (text: Buffer) => (printed += text.toString()));
  child.stderr.on("data", (text: Buffer) => (complained = (complained + text.toString()).slice(-2_000)));
  await once(child, "close");
  clearTimeout(late);
  process.removeListener("exit", end);
  return outcomeOf(printed, complained);
}
