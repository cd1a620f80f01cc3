import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Asked } from "../report/asked.ts";
import { atLeast } from "../report/asked.ts";

const program = fileURLToPath(new URL("../../../test/mutants/dist/main.js", import.meta.url));

/** How many of the mutants were noticed, from the command's last line. @throws Error when it says neither */
export function killedShare(line: string): number {
  const last: unknown = JSON.parse(line);
  if (typeof last !== "object" || last === null || !("total" in last) || !("killed" in last))
    throw new Error("the mutants command did not end with its totals");
  const { total, killed } = last;
  if (typeof total !== "number" || typeof killed !== "number" || total < 1)
    throw new Error("the mutants command did not end with its totals");
  return (100 * killed) / total;
}

/** Runs every mutant if asked to; otherwise the figure stays open. @throws Error when the command fails */
export async function mutants(run: boolean, progress: (line: string) => void): Promise<Asked[]> {
  const share = run ? await runMutants(progress) : null;
  return [atLeast("mutants killed in the default budget", share, 90, "%")];
}

async function runMutants(progress: (line: string) => void): Promise<number> {
  const child = spawn(process.execPath, [program, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    progress(`mutants: ${line}`);
  }
  return killedShare(last);
}
