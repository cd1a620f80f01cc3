import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** Which cores (as for `taskset -c`) a kind of process is held on; null: wherever it likes. */
export interface Pins {
  readonly servers: string | null;
  readonly load: string | null;
}

export interface LaunchOptions {
  readonly pin: keyof Pins;
  /** Both output streams go there; null: standard error. */
  readonly logFile: string | null;
  /** Open a message channel. Default false. */
  readonly ipc?: boolean;
  readonly cwd?: string;
}

/** A process of this run. */
export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves once it is gone, however. */
  readonly exited: Promise<void>;
  /** Asks it to end; kills it after fifteen seconds. Idempotent. */
  stop(): Promise<void>;
}

const patienceMs = 15_000;

/** Starts every process of a run, and leaves none behind. */
export class Launch {
  readonly #pins: Pins;
  readonly #running = new Set<ChildProcess>();

  constructor(pins: Pins) {
    this.#pins = pins;
    process.once("exit", () => this.killAll());
  }

  /** Starts this Node.js with arguments. */
  node(args: readonly string[], options: LaunchOptions): Launched {
    return this.start(process.execPath, args, options);
  }

  /** @throws Error when the program cannot be started */
  start(command: string, args: readonly string[], options: LaunchOptions): Launched {
    const { pin, logFile, ipc = false, cwd } = options;
    const cores = this.#pins[pin];
    const [program, all] = cores === null ? [command, args] : ["taskset", ["-c", cores, command, ...args]];
    const log = logFile === null ? 2 : openSync(logFile, "a");
    const stdio = ipc ? (["ignore", log, log, "ipc"] as const) : (["ignore", log, log] as const);
    const child = spawn(program, all, {
      stdio: [...stdio],
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (logFile !== null) closeSync(log);
    return this.#launched(child, command);
  }

  /** Ends everything at once; for when this process ends. */
  killAll(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }

  #launched(child: ChildProcess, command: string): Launched {
    this.#running.add(child);
    const exited = new Promise<void>((done) => {
      child.once("error", () => done());
      child.once("exit", () => done());
    }).then(() => {
      this.#running.delete(child);
    });
    if (child.pid === undefined) throw new Error(`cannot start ${command}`);
    return { child, pid: child.pid, exited, stop: () => stop(child, exited) };
  }
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await exited;
  clearTimeout(timer);
}

/**
 * Sends a message and waits for the next one back.
 * @param withinMs default: however long it takes
 * @throws Error when the process ends first, or the time is over
 */
export function ask({ child }: Launched, message: object, withinMs?: number): Promise<unknown> {
  return new Promise((done, failed) => {
    const fail = (why: string): void => failed(new Error(`process ${child.spawnfile} ${why}`));
    const late = (): void => fail(`did not answer within ${withinMs} ms`);
    const timer = withinMs === undefined ? undefined : setTimeout(late, withinMs);
    const onExit = (): void => {
      clearTimeout(timer);
      fail("ended before it answered");
    };
    child.once("exit", onExit);
    child.once("message", (answer) => {
      clearTimeout(timer);
      child.off("exit", onExit);
      done(answer);
    });
    child.send(message);
  });
}
