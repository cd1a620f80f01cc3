import type { Configuration } from "../core/config/configuration.ts";
import type { AppendTask } from "../core/ready.ts";
import type { Index } from "../core/types.ts";
import { markOf } from "../storage/config-history.ts";
import type { Storage } from "../storage/open-storage.ts";

export interface AppendLoopOptions {
  readonly storage: Pick<Storage, "log" | "highWater">;
  readonly configurationAt: (index: Index) => Configuration;
  readonly onDone: (task: AppendTask) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Makes append tasks durable. The core gives the next one when the last is done. */
export class AppendLoop {
  readonly #options: AppendLoopOptions;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: AppendLoopOptions) {
    this.#options = options;
  }

  begin(task: AppendTask): void {
    const { onFailure } = this.#options;
    this.#writing = this.#write(task).catch(onFailure);
  }

  /** Resolves once nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #write(task: AppendTask): Promise<void> {
    const { storage, configurationAt, onDone } = this.#options;
    const { log, highWater } = storage;
    const { reset } = task;
    const change = reset === null ? task : { ...task, resetConfig: markOf(configurationAt(reset.index)) };
    await log.append(change);
    highWater.note(log.seq);
    // A vote must be remembered even if the store loses the batch that holds it.
    if (task.hardState !== null) await highWater.sync();
    onDone(task);
  }
}
