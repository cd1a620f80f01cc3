import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import { endWithTest } from "./children.ts";

/** The shipped binary. */
export const flotillaBinary: string = resolve(
  import.meta.dirname,
  "../../../../packages/server/bin/flotilla.mjs",
);

export interface MemberOptions {
  readonly id: string;
  /** Script and arguments, for this process's own Node. */
  readonly command: readonly string[];
  /** A program and its arguments that become this command. Default: none. */
  readonly launcher?: readonly string[];
  /** Gets everything it prints. Default: only the end of that is remembered. */
  readonly logFile?: string;
  /** For the life about to begin, counted from 1; on top of this process's environment. */
  readonly env?: (life: number) => Readonly<Record<string, string>>;
}

/** How one life ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last signal that was to end it; null: nobody had told it to. */
  readonly told: "SIGKILL" | "SIGTERM" | null;
}

const logTailCharacters = 6_000;

/** One member as a process of its own, over as many lives as a test gives it. */
export class MemberProcess implements AsyncDisposable {
  readonly id: string;
  /** How its lives ended, oldest first. */
  readonly exits: Exit[] = [];
  readonly #options: MemberOptions;
  #child: ChildProcess | undefined;
  #lives = 0;
  #log = "";
  #told: Exit["told"] = null;
  #onMessage: (message: unknown) => void = () => {};

  constructor(options: MemberOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** The life under way, or the last one. */
  get life(): number {
    return this.#lives;
  }

  /** It ended without having been told to. */
  get failed(): boolean {
    return this.#child !== undefined && !this.isRunning && this.#told === null;
  }

  /** The end of what it printed, for the message of a failing test. */
  get log(): string {
    return `--- ${this.id}, life ${this.#lives}, ${this.isRunning ? "running" : "not running"}\n${this.#log}`;
  }

  /** Hears what the program says over its IPC channel, in this life and later ones. */
  onMessage(fn: (message: unknown) => void): void {
    this.#onMessage = fn;
  }

  start(): void {
    this.#lives += 1;
    this.#told = null;
    const { launcher = [] } = this.#options;
    const [program = process.execPath, ...words] = [...launcher, process.execPath, ...this.#options.command];
    const child = spawn(program, words, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, ...this.#options.env?.(this.#lives) },
    });
    endWithTest(child);
    this.#child = child;
    child.stdout?.on("data", (text: Buffer) => this.#note(text.toString()));
    child.stderr?.on("data", (text: Buffer) => this.#note(text.toString()));
    child.on("message", (message) => this.#onMessage(message));
    child.on("error", (error) => this.#note(`${error.message}\n`));
    child.once("exit", (code, signal) => {
      this.exits.push({ code, signal, told: this.#told });
      this.#note(`[ended: ${code ?? signal}]\n`);
    });
  }

  send(message: object): void {
    this.#child?.send(message);
  }

  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    if (name === "SIGKILL" || name === "SIGTERM") this.#told = name;
    this.#child?.kill(name);
  }

  /** Resolves once it is no more. */
  async ended(): Promise<void> {
    if (this.#child !== undefined && this.isRunning) await once(this.#child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  #note(text: string): void {
    if (this.#options.logFile !== undefined) appendFileSync(this.#options.logFile, text);
    this.#log = (this.#log + text).slice(-logTailCharacters);
  }
}
