import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Participation } from "./participant.ts";

/** Takes part on a thread of its own, so that it can die without a word. */
export class Participant {
  readonly #thread: Worker;

  private constructor(thread: Worker) {
    this.#thread = thread;
  }

  /** Resolves once it owns something. */
  static async start(participation: Participation): Promise<Participant> {
    const thread = new Worker(new URL("participant.js", import.meta.url), { workerData: participation });
    await once(thread, "message");
    return new Participant(thread);
  }

  async kill(): Promise<void> {
    await this.#thread.terminate();
  }
}
