import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";

export interface ProcessGroupOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: that of this process. */
  readonly cwd?: string;
}

/** How a process ended: by a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Those that are not to outlive this process: one listener for all of them. */
const running = new Set<ProcessGroup>();

function killAll(): void {
  for (const group of running) group.send("SIGKILL");
}

/** A process and whatever it starts that does not leave its group; killed when this process ends in order. */
export class ProcessGroup {
  /** How the process itself ended, with its group killed by then; rejects when it could not be started. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  constructor(command: readonly [string, ...string[]], { env, cwd }: ProcessGroupOptions) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, {
      detached: true,
      stdio: "inherit",
      env: { ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    running.add(this);
    if (running.size === 1) process.on("exit", killAll);
    this.ended = new Promise<ProcessEnd>((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    }).finally(() => {
      // What it left running is not to go on without it.
      this.send("SIGKILL");
      this.#hasEnded = true;
      running.delete(this);
      if (running.size === 0) process.removeListener("exit", killAll);
    });
  }

  /** Does nothing once `ended` settled: the number may be another group's by then. */
  send(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasEnded) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Nobody is left in it.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}
