import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import type { WorldLine } from "./world-line.ts";
import { crashedLine } from "./world-line.ts";
import type { Mix, WorkerRequest } from "./worker.ts";

export interface PoolOptions {
  /** The program that serves as a worker when called with `--worker`. */
  readonly program: string;
  readonly jobs: number;
  readonly mix: Mix;
  /** The next seed; null when there is none any more. */
  readonly next: () => number | null;
  readonly onResult: (line: WorldLine) => void;
}

const stderrKept = 4000;
/** Nearly all that a world allocates is short-lived: collecting it less often is less work. Megabytes. */
const execArgv = ["--min-semi-space-size=32", "--max-semi-space-size=64"];

/** Spreads seeds over child processes, so that one world cannot harm another. Resolves when all are done. */
export async function runPool(options: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.jobs }, () => runLane(options)));
}

async function runLane({ program, mix, next, onResult }: PoolOptions): Promise<void> {
  let child: ChildProcess | null = null;
  for (let seed = next(); seed !== null; seed = next()) {
    child ??= fork(program, ["--worker"], { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv });
    const line = await runOne(child, { seed, mix });
    if (child.exitCode !== null || child.signalCode !== null) child = null;
    onResult(line);
  }
  child?.disconnect();
}

function runOne(child: ChildProcess, request: WorkerRequest): Promise<WorldLine> {
  return new Promise((resolve) => {
    let errors = "";
    const hear = (chunk: Buffer): void => {
      errors = (errors + chunk.toString()).slice(-stderrKept);
    };
    const finish = (line: WorldLine): void => {
      child.removeAllListeners("message");
      child.removeAllListeners("exit");
      child.stderr?.off("data", hear);
      resolve(line);
    };
    child.stderr?.on("data", hear);
    child.once("message", (message) => finish(message as WorldLine));
    child.once("exit", (code, signal) => {
      finish(
        crashedLine(request.seed, `the process of the world ended with ${String(code ?? signal)}: ${errors}`),
      );
    });
    child.send(request);
  });
}
