import type { Launched } from "./launch.ts";

/** One server, which can be started again on the data it has. */
export class Member {
  readonly port: number;
  readonly #start: () => Launched;
  #process: Launched;

  constructor(port: number, start: () => Launched) {
    this.port = port;
    this.#start = start;
    this.#process = start();
  }

  /** Its latest process. */
  get process(): Launched {
    return this.#process;
  }

  /** Starts it again. @throws Error while it runs */
  start(): void {
    const { exitCode, signalCode } = this.#process.child;
    if (exitCode === null && signalCode === null) throw new Error("the server still runs");
    this.#process = this.#start();
  }

  /** Ends it with SIGKILL; resolves once it is gone. */
  async kill(): Promise<void> {
    this.#process.child.kill("SIGKILL");
    await this.#process.exited;
  }
}
