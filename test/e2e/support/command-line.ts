import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { flotillaBinary } from "../../jepsen/src/processes/member-process.ts";
import { patienceMs, until } from "../../jepsen/src/processes/until.ts";

export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Given to its standard input, which is then closed. */
  readonly input?: string;
  /** A file that its standard output goes to. Default: it is read. */
  readonly output?: string;
}

/** The settings of whoever runs the tests must not count. */
function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("FLOTILLA_"));
  return { ...Object.fromEntries(own), ...more };
}

/** One command line of the shipped binary, as a process of its own. */
export class CommandLine implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ran>;
  #stdout = "";
  #stderr = "";
  #isOver = false;

  constructor(args: readonly string[], { env, input, output }: CommandOptions = {}) {
    const file = output === undefined ? null : openSync(output, "w");
    this.#child = spawn(process.execPath, [flotillaBinary, ...args], {
      env: cleanEnv(env),
      stdio: ["pipe", file ?? "pipe", "pipe"],
    });
    if (file !== null) closeSync(file);
    endWithTest(this.#child);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.#child.stdin?.on("error", () => {}).end(input ?? "");
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        this.#isOver = true;
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Values of the lines printed so far, one JSON value a line. */
  get jsonLines(): Record<string, unknown>[] {
    const whole = this.#stdout.slice(0, this.#stdout.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves with what it came to. */
  ended(): Promise<Ran> {
    return this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Stops reading what it prints, as `head` does. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** Waits until what it printed, on either stream, matches. @throws Error when it ends first */
  async printed(pattern: RegExp): Promise<void> {
    await until(String(pattern), () => (pattern.test(this.#stdout + this.#stderr) ? true : undefined), {
      hopeless: () => this.#isOver,
      diagnose: () => `${this.#stdout}\n${this.#stderr}`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    // What it started may hold them open.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    await this.#ended;
  }
}

/** Runs one command line to its end. */
export async function flotilla(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
  await using command = new CommandLine(args, options);
  const late = setTimeout(() => command.signal("SIGKILL"), patienceMs);
  try {
    return await command.ended();
  } finally {
    clearTimeout(late);
  }
}
