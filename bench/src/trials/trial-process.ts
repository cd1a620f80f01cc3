import { fileURLToPath } from "node:url";
import type { Times } from "../kv/messages.ts";
import { isTimes } from "../embedded/loop-delay.ts";
import type { Launch, Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import type { TrialAnswers, TrialJob } from "./messages.ts";
import { answersTrial } from "./messages.ts";

const program = fileURLToPath(new URL("trial-main.js", import.meta.url));

const answerMs = 60_000;

/** A process that has begun its job. */
export class TrialProcess<T extends TrialJob["type"]> {
  readonly process: Launched;
  /** What it answered to its job. */
  readonly began: TrialAnswers[T];

  private constructor(process: Launched, began: TrialAnswers[T]) {
    this.process = process;
    this.began = began;
  }

  /** Starts one and waits for its answer. @throws Error when it ends before, or does not answer in time */
  static async start<T extends TrialJob["type"]>(
    launch: Launch,
    job: Extract<TrialJob, { readonly type: T }>,
    withinMs: number,
  ): Promise<TrialProcess<T>> {
    const launched = launch.node([program], { pin: "load", ipc: true, logFile: null });
    try {
      const answer = await ask(launched, job, withinMs);
      if (!answersTrial<T>(job.type, answer)) throw new Error("the process answered with something else");
      return new TrialProcess<T>(launched, answer.answer);
    } catch (error) {
      launched.child.kill("SIGKILL");
      throw error;
    }
  }

  /** Of a control: measures the delay of its event loop from now on. */
  async beginDelay(): Promise<void> {
    await ask(this.process, { type: "delay-begin" }, answerMs);
  }

  async endDelay(): Promise<Times> {
    const times = await ask(this.process, { type: "delay-end" }, answerMs);
    if (!isTimes(times)) throw new Error("the control answered with something else");
    return times;
  }

  /** Ends it with SIGKILL; resolves once it is gone. */
  async kill(): Promise<void> {
    this.process.child.kill("SIGKILL");
    await this.process.exited;
  }
}
