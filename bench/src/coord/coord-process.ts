import { fileURLToPath } from "node:url";
import type { Site } from "../systems/cluster.ts";
import type { Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import { answersCoord } from "./requests.ts";
import type { CoordAnswers, CoordJob, HolderRequest } from "./requests.ts";

const program = fileURLToPath(new URL("coord-main.js", import.meta.url));

/** A process of `bench coord` that has been given its job. */
export class CoordProcess<T extends CoordJob["type"]> {
  readonly #process: Launched;
  /** What it answered to its job. */
  readonly began: CoordAnswers[T];

  private constructor(process: Launched, began: CoordAnswers[T]) {
    this.#process = process;
    this.began = began;
  }

  /** Starts one and waits for its first answer. @throws Error when it ends before */
  static async start<T extends CoordJob["type"]>(
    { launch }: Site,
    job: Extract<CoordJob, { readonly type: T }>,
  ): Promise<CoordProcess<T>> {
    const pin = job.type === "holder" ? "servers" : "load";
    const launched = launch.node([program], { pin, ipc: true, logFile: null });
    return new CoordProcess<T>(launched, answerOf<T>(job.type, await ask(launched, job)));
  }

  /** @throws Error when its process ends first */
  async ask<R extends HolderRequest["type"]>(
    request: Extract<HolderRequest, { readonly type: R }>,
  ): Promise<CoordAnswers[R]> {
    return answerOf<R>(request.type, await ask(this.#process, request));
  }

  /** Kills it with SIGKILL. */
  async kill(): Promise<void> {
    this.#process.child.kill("SIGKILL");
    await this.#process.exited;
  }

  /** Resolves once it has ended by itself. */
  get exited(): Promise<void> {
    return this.#process.exited;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}

function answerOf<T extends keyof CoordAnswers>(request: T, answer: unknown): CoordAnswers[T] {
  if (!answersCoord<T>(request, answer)) throw new Error("the process answered with something else");
  return answer.answer;
}

/** Does a job that ends by itself. */
export async function coordJob<T extends "alone" | "turns">(
  site: Site,
  job: Extract<CoordJob, { readonly type: T }>,
): Promise<CoordAnswers[T]> {
  const process = await CoordProcess.start<T>(site, job);
  await process.stop();
  return process.began;
}
