import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { systemCode } from "./storage-error.ts";

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

/** Those that are not to outlive this process: one listener of a kind for all of them. */
const running = new Set<ProcessGroup>();
/** What ends a process that does not listen, without the event "exit". */
const endings = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

function killAll(): void {
  for (const group of running) group.send("SIGKILL");
}

/** Whoever else listens decides what becomes of this process. */
function onEnding(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.removeListener(signal, onEnding);
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on("exit", killAll);
  // Before others: one that listens once is counted for only as long as it was not called.
  for (const signal of endings) process.prependListener(signal, onEnding);
}

function stopListening(): void {
  process.removeListener("exit", killAll);
  for (const signal of endings) process.removeListener(signal, onEnding);
}

/**
 * A process and whatever it starts that does not leave its group; killed when this process ends, be it by a signal that
 * nobody listens to.
 */
export class ProcessGroup {
  /** How the process itself ended, with its group killed by then; rejects when it could not be started. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  constructor(command: readonly [string, ...string[]], { env, cwd }: ProcessGroupOptions) {
    const [file, ...args] = command;
    // Before it runs: a signal that comes meanwhile would end this process alone.
    running.add(this);
    if (running.size === 1) listen();
    try {
      this.#child = spawn(file, args, {
        detached: true,
        stdio: "inherit",
        env: { ...env },
        ...(cwd === undefined ? {} : { cwd }),
      });
    } catch (error) {
      this.#forget();
      throw error;
    }
    this.ended = new Promise<ProcessEnd>((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    }).finally(() => {
      // What it left running is not to go on without it.
      this.send("SIGKILL");
      this.#hasEnded = true;
      this.#forget();
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
      if (systemCode(error) !== "ESRCH") throw error;
    }
  }

  #forget(): void {
    running.delete(this);
    if (running.size === 0) stopListening();
  }
}
