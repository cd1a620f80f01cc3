import { join } from "node:path";
import { MemberProcess } from "../../jepsen/src/processes/member-process.ts";
import type { StoreState, StoreStep } from "./store-model.ts";

const script = join(import.meta.dirname, "store-process.mjs");

/** What became of a step: done (with the state found, after `open`), refused, or the process ended before. */
export type StoreAnswer =
  | { readonly type: "done"; readonly state: StoreState | null }
  | { readonly type: "refused"; readonly code: string; readonly message: string }
  | { readonly type: "ended" };

type Said = { readonly state: StoreState | null } | { readonly code: string; readonly message: string };

/** A process of its own that holds a node's storage on the real disk. See `store-process.mjs`. */
export class StoreProcess implements AsyncDisposable {
  readonly #process: MemberProcess;
  readonly #waiting: ((answer: StoreAnswer) => void)[] = [];

  /** @param env for the life about to begin, counted from 1 */
  constructor(env: (life: number) => Readonly<Record<string, string>> = () => ({})) {
    this.#process = new MemberProcess({ id: "store", command: [script], env });
    this.#process.onMessage((message) => {
      const said = message as Said;
      this.#waiting.shift()?.("code" in said ? { type: "refused", ...said } : { type: "done", ...said });
    });
  }

  start(): void {
    this.#process.start();
    void this.#process.ended().then(() => {
      for (const answer of this.#waiting.splice(0)) answer({ type: "ended" });
    });
  }

  /** Steps take effect one after the other, also when they are asked for at once. */
  async step(step: StoreStep): Promise<StoreAnswer> {
    const answered = new Promise<StoreAnswer>((resolve) => this.#waiting.push(resolve));
    this.#process.send(step);
    return answered;
  }

  async kill(): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
