import { CommanderError } from "commander";
import type { Command } from "commander";
import { Context } from "./context.ts";
import { describeFailure, toFailure } from "./failure.ts";
import { Output } from "./output.ts";
import { buildProgram } from "./program.ts";

/** What of the process the command line touches. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires on the first SIGINT or SIGTERM. */
  readonly interrupted: AbortSignal;
}

/** Asked for as of any other program. */
const versionFlags: readonly string[] = ["-V", "--version"];

/**
 * Runs one command line, without the node binary and the script. Never rejects; resolves with the exit code, once what it
 * told was read or is not waited for any more: a server's is not, and no reader that hangs once it was interrupted.
 */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, interrupted } = surroundings;
  const out = new Output(stdout, stderr);
  const stop = new AbortController();
  for (const signal of [interrupted, out.gone]) {
    signal.addEventListener("abort", () => stop.abort(), { once: true });
  }
  const context = new Context(out, surroundings, stop.signal);
  try {
    const [first = "", ...rest] = args;
    const name = versionFlags.includes(first) ? "version" : first;
    const program = await buildProgram(context, name);
    await parse(program, args.length === 0 ? [] : [name, ...rest]);
    await out.written(interrupted);
    return context.exitCode;
  } catch (error) {
    const failure = toFailure(error);
    stderr.write(describeFailure(failure, wantsJson(args)));
    // What failed first says more than that it was not read.
    await out.written(interrupted).catch(() => {});
    return failure.exitCode;
  }
}

/** Runs the command that is named, or tells of it. */
async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    // What was asked for was told.
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}

function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}
