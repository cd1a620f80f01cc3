import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { isFromMember } from "./ipc.ts";
import type { FromMember, MemberSpec, MemberStatus, ToMember } from "./messages.ts";
import { sleep } from "./time.ts";

export type ProcessState = "starting" | "up" | "stopped" | "closing" | "down";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Asked for by the supervisor. */
  readonly expected: boolean;
}

export interface ProcessHooks {
  readonly onMessage: (message: FromMember) => void;
  readonly onExit: (exit: Exit) => void;
}

const closeTimeoutMs = 5_000;

/** A member's process as the supervisor sees it: started, killed, stopped and started again. */
export class MemberProcess {
  readonly spec: MemberSpec;
  readonly #logFile: string;
  readonly #hooks: ProcessHooks;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #expected = false;
  #state: ProcessState = "down";
  #address: string | null = null;
  #status: MemberStatus | null = null;

  constructor(spec: MemberSpec, logFile: string, hooks: ProcessHooks) {
    this.spec = spec;
    this.#logFile = logFile;
    this.#hooks = hooks;
  }

  get id(): string {
    return this.spec.id;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Where it serves HTTP; null until it is up. */
  get address(): string | null {
    return this.#address;
  }

  /** What it said last; null while it is down. */
  get status(): MemberStatus | null {
    return this.#status;
  }

  start(): void {
    const log = openSync(this.#logFile, "a");
    // A group of its own: Ctrl-C is for the supervisor, which closes the members in order.
    const child = fork(process.argv[1] ?? "", ["demo-member"], {
      stdio: ["ignore", "ignore", log, "ipc"],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#expected = false;
    this.#state = "starting";
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#gone(code, signal);
        resolve();
      });
      child.once("error", () => {
        if (child.pid === undefined) resolve();
      });
    });
    child.on("message", (message) => isFromMember(message) && this.#receive(message));
    this.send({ type: "start", spec: this.spec });
  }

  send(message: ToMember): void {
    if (this.#child?.connected === true) this.#child.send(message, () => {});
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#expected = true;
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** It stopped itself. */
  markStopped(): void {
    this.#state = "stopped";
  }

  resume(): void {
    if (this.#state === "stopped") this.#state = "up";
    this.#child?.kill("SIGCONT");
  }

  /** Lets it close in order; kills it when it takes too long. */
  async close(): Promise<void> {
    if (this.#child === null) return;
    if (this.#state === "stopped") return this.kill();
    this.#expected = true;
    this.#state = "closing";
    this.send({ type: "close" });
    const late = new AbortController();
    await Promise.race([this.#exited, sleep(closeTimeoutMs, late.signal)]);
    late.abort();
    await this.kill();
  }

  #receive(message: FromMember): void {
    if (message.type === "ready") {
      this.#address = message.address;
      if (this.#state === "starting") this.#state = "up";
    } else if (message.type === "status") {
      this.#status = message.status;
    }
    this.#hooks.onMessage(message);
  }

  #gone(code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = null;
    this.#state = "down";
    this.#address = null;
    this.#status = null;
    this.#hooks.onExit({ code, signal, expected: this.#expected });
  }
}
