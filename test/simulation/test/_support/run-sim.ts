import { spawn } from "node:child_process";
import { join } from "node:path";

/** The command as it was built. */
export const program: string = join(import.meta.dirname, "../../dist/main.js");

/** All worlds in one process: most of what a first world takes is for code that is not compiled yet. */
export const inOne: readonly string[] = ["--jobs", "1"];

/** What the command said. */
export interface Ran {
  readonly code: number | null;
  readonly lines: string[];
  readonly errors: string;
}

/** Runs the command as it was built. */
export function runSim(args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, lines: output.trim().split("\n"), errors }));
  });
}
