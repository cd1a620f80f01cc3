import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import type { Plan } from "../plan/plan.ts";
import type { Gain, WorkerAnswer } from "./worker.ts";
import type { WorldLine } from "./world-line.ts";
import { crashedLine } from "./world-line.ts";

export interface PoolOptions {
  /** The program that serves as a worker when called with `--worker`. */
  readonly program: string;
  readonly jobs: number;
  /** The next world; null when there is none any more. */
  readonly next: () => Plan | null;
  /** `gain` is null when the process of the world died. */
  readonly onResult: (line: WorldLine, gain: Gain | null, plan: Plan) => void;
}

const stderrKept = 4000;
/** Nearly all that a world allocates is short-lived: collecting it less often is less work. Megabytes. */
const execArgv = ["--min-semi-space-size=32", "--max-semi-space-size=64"];

/** Spreads worlds over child processes, so that one world cannot harm another. Resolves when all are done. */
export async function runPool({ program, jobs, next, onResult }: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: jobs }, () => runLane(program, next, onResult)));
}

async function runLane(
  program: string,
  next: PoolOptions["next"],
  onResult: PoolOptions["onResult"],
): Promise<void> {
  const lane = new Lane(program);
  for (let plan = next(); plan !== null; plan = next()) {
    const { line, gain } = await lane.run(plan);
    onResult(line, gain, plan);
  }
  lane.close();
}

type Outcome = WorkerAnswer | { readonly line: WorldLine; readonly gain: null };

/** A process that runs worlds, one after another: what it has compiled for one serves the next. */
export class Lane {
  readonly #program: string;
  #child: ChildProcess | null = null;

  /** @param program as `PoolOptions.program` */
  constructor(program: string) {
    this.#program = program;
  }

  /** Runs a world, in a new process if the last world ended its own. One at a time. */
  async run(plan: Plan): Promise<Outcome> {
    this.#child ??= fork(this.#program, ["--worker"], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv,
    });
    const child = this.#child;
    const outcome = await runOne(child, plan);
    if (child.exitCode !== null || child.signalCode !== null) this.#child = null;
    return outcome;
  }

  close(): void {
    this.#child?.disconnect();
    this.#child = null;
  }
}

function runOne(child: ChildProcess, plan: Plan): Promise<Outcome> {
  return new Promise((resolve) => {
    let errors = "";
    const hear = (chunk: Buffer): void => {
      errors = (errors + chunk.toString()).slice(-stderrKept);
    };
    const finish = (outcome: Outcome): void => {
      child.removeAllListeners("message");
      child.removeAllListeners("exit");
      child.stderr?.off("data", hear);
      resolve(outcome);
    };
    child.stderr?.on("data", hear);
    child.once("message", (message) => finish(message as WorkerAnswer));
    child.once("exit", (code, signal) => {
      const why = `the process of the world ended with ${String(code ?? signal)}: ${errors}`;
      finish({ line: crashedLine(plan.seed, why), gain: null });
    });
    child.send({ plan });
  });
}
