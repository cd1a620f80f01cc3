import type { Fence } from "../client/api.ts";
import { checkedLimits } from "../client/call.ts";
import type { CallOptions } from "../client/read-api.ts";
import type { Held } from "./api.ts";
import { longestWaitMs } from "./bounded.ts";
import type { Holding } from "./holding.ts";

/** What is handed out of a place that is held. */
export class HeldPlace implements Held {
  readonly #holding: Holding;
  #isReleased = false;

  constructor(holding: Holding) {
    this.#holding = holding;
  }

  get epoch(): number {
    return this.#holding.epoch;
  }

  get fence(): Fence {
    return this.#holding.fence;
  }

  get signal(): AbortSignal {
    return this.#holding.signal;
  }

  get expiresIn(): number {
    return this.#holding.expiresIn;
  }

  /** By its holder, so that it is no loss. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  assert(): void {
    this.#holding.assert();
  }

  async release(options?: CallOptions): Promise<void> {
    checkedLimits(options, longestWaitMs);
    if (!this.signal.aborted) this.#isReleased = true;
    await this.#holding.release(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
