import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { join } from "node:path";
import type { Finding, WorldViolation } from "./finding.ts";
import { attribute } from "./finding.ts";

/** A world by its seed: the log alone, with registers on it, or the whole product. */
export interface WorldChoice {
  readonly seed: number;
  readonly isLogAlone: boolean;
}

/** What came of one world. */
export interface WorldOutcome {
  readonly finding: Finding | null;
  readonly cpuMs: number;
}

const program = join(import.meta.dirname, "../dist/world-worker.js");
// A few seconds of work, on a machine that may be busy with much else.
const longestWorldMs = 480_000;
const stderrKept = 2000;

/** Runs worlds of the code in a folder, one after another, in a process that has loaded the code as it was at the start. */
export class Worlds implements Disposable {
  readonly #simulation: string;
  #child: ChildProcess | null = null;
  #errors = "";

  constructor(folder: string) {
    this.#simulation = join(folder, "test/simulation/dist/index.js");
  }

  /** Loads the code. */
  async start(): Promise<Finding | null> {
    const child = fork(program, [this.#simulation], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-stderrKept);
    });
    const said = await this.#next(child);
    return said === "ready" ? null : this.#lost(said);
  }

  /** After a lost process everything is a crash. */
  async run(world: WorldChoice): Promise<WorldOutcome> {
    const child = this.#child;
    if (child === null || !child.connected) return { finding: this.#lost("gone"), cpuMs: 0 };
    const startMs = performance.now();
    child.send(world);
    const said = await this.#next(child);
    if (isAnswer(said)) return { finding: attribute(said.violations), cpuMs: said.cpuMs };
    return { finding: this.#lost(said), cpuMs: performance.now() - startMs };
  }

  [Symbol.dispose](): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  #next(child: ChildProcess): Promise<unknown> {
    return new Promise((resolve) => {
      const done = (said: unknown): void => {
        clearTimeout(timer);
        child.removeListener("message", done);
        child.removeListener("exit", gone);
        resolve(said);
      };
      const gone = (): void => done("gone");
      const timer = setTimeout(() => done("timeout"), longestWorldMs);
      child.on("message", done);
      child.on("exit", gone);
    });
  }

  #lost(said: unknown): Finding {
    this[Symbol.dispose]();
    const by = said === "timeout" ? "timeout" : "crash";
    return { by, isChecker: false, message: this.#errors };
  }
}

interface Answer {
  readonly violations: readonly WorldViolation[];
  readonly cpuMs: number;
}

function isAnswer(said: unknown): said is Answer {
  return typeof said === "object" && said !== null && "violations" in said && "cpuMs" in said;
}
