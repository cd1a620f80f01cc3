import { fileURLToPath } from "node:url";
import type { Site } from "../systems/cluster.ts";
import type { Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import { answersTree } from "./messages.ts";
import type { TreeAnswers, TreeProcessOptions, TreeRequest } from "./messages.ts";

const program = fileURLToPath(new URL("tree-main.js", import.meta.url));

/** A process that works with one tree. */
export class TreeProcess {
  readonly #process: Launched;

  private constructor(process: Launched) {
    this.#process = process;
  }

  /** `nodeArgs` are for its Node.js. */
  static async start(
    { launch }: Site,
    options: TreeProcessOptions,
    nodeArgs: readonly string[] = [],
  ): Promise<TreeProcess> {
    const launched = launch.node([...nodeArgs, program], { pin: "servers", ipc: true, logFile: null });
    await ask(launched, options);
    return new TreeProcess(launched);
  }

  /** @throws Error when its process ends first */
  async ask<T extends TreeRequest["type"]>(
    request: Extract<TreeRequest, { readonly type: T }>,
  ): Promise<TreeAnswers[T]> {
    const answer = await ask(this.#process, request);
    if (!answersTree<T>(request.type, answer)) throw new Error("the process answered with something else");
    return answer.answer;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
