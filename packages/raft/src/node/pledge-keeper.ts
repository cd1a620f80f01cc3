import type { Clock, Timer } from "@flotilla/runtime";
import type { PledgeWindow } from "../storage/pledge-window.ts";
import type { Settings } from "./settings.ts";

/** Sees to it that nothing is pledged which the next life of this node would not keep, whatever its election timeout. */
export class PledgeKeeper {
  readonly #clock: Clock;
  readonly #window: PledgeWindow;
  readonly #pledgeMs: number;
  readonly #onFailure: (error: unknown) => void;
  /** What an earlier life may have pledged, ms. */
  readonly pledgedMs: number;
  #begun = false;
  #work: Promise<void> = Promise.resolve();
  #timer: Timer | null = null;

  constructor(
    { host, electionTicks, heartbeatMs }: Pick<Settings, "host" | "electionTicks" | "heartbeatMs">,
    window: PledgeWindow,
    onFailure: (error: unknown) => void,
  ) {
    this.#clock = host.clock;
    this.#window = window;
    this.#pledgeMs = electionTicks * heartbeatMs;
    this.#onFailure = onFailure;
    this.pledgedMs = window.longestMs;
  }

  /** True once pledges may be given. */
  get isReady(): boolean {
    return this.#window.longestMs >= this.#pledgeMs;
  }

  /** Lease reads are on. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    if (!this.isReady) this.#set();
    // A life begins with all that was pledged before it.
    else if (this.pledgedMs > this.#pledgeMs)
      this.#timer = this.#clock.setTimer(this.pledgedMs, () => this.#set());
  }

  /** Resolves once nothing is being written. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#work;
  }

  #set(): void {
    this.#work = this.#window.set(this.#pledgeMs).catch(this.#onFailure);
  }
}
