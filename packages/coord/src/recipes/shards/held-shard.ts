import { FlotillaError } from "@flotilla/runtime";
import type { Clock, Timer } from "@flotilla/runtime";
import type { Fence, SessionLease } from "../../client/api.ts";
import { checkedLimits } from "../../client/call.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { bounded, listen, longestWaitMs, orAborted } from "../bounded.ts";
import type { Shard } from "./api.ts";

/** What a shard that was claimed is made of. */
export interface Claimed {
  readonly id: number;
  /** The revision of the claim. */
  readonly epoch: number;
  /** Of its node. */
  readonly path: string;
  /** The period of belief it was claimed in. */
  readonly lease: SessionLease;
  readonly clock: Clock;
  /** Has its node deleted; called once, after the signal fired. */
  readonly giveUp: () => Promise<void>;
}

/** An owned shard: until it is given up, taken away, or the period of belief it was claimed in lapses. */
export class HeldShard implements Shard {
  readonly id: number;
  readonly epoch: number;
  readonly fence: Fence;
  readonly #lease: SessionLease;
  readonly #clock: Clock;
  readonly #controller = sharedController();
  readonly #drainer = sharedController();
  /** Resolves when nothing of it is left in the tree. */
  readonly gone: Promise<void>;
  #stopListening: () => void = () => {};
  #timer: Timer | null = null;
  #isIdle = false;

  constructor({ id, epoch, path, lease, clock, giveUp }: Claimed) {
    this.id = id;
    this.epoch = epoch;
    this.fence = { path, mzxid: epoch };
    this.#lease = lease;
    this.#clock = clock;
    this.gone = new Promise((resolve) => {
      listen(this.signal, () => resolve(giveUp()));
    });
    // Whoever waits is told.
    this.gone.catch(() => {});
    this.#stopListening = listen(lease.signal, (cause) => this.end("the session's lease is over", cause));
    if (lease.expiresIn <= 0) this.end("the session's lease is over");
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get draining(): AbortSignal {
    return this.#drainer.signal;
  }

  get expiresIn(): number {
    return this.signal.aborted ? Math.min(0, this.#lease.expiresIn) : this.#lease.expiresIn;
  }

  assert(): void {
    this.signal.throwIfAborted();
    this.#lease.assert();
  }

  async release(options: CallOptions = {}): Promise<void> {
    checkedLimits(options, longestWaitMs);
    this.end("it was released");
    const bounds = {
      clock: this.#clock,
      options,
      fallbackMs: longestWaitMs,
      what: `release of ${this.fence.path}`,
    };
    await bounded(bounds, (signal) => orAborted(this.gone, signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Says that it is to be handed over: at once when nobody works on it, else within the time. */
  drain(withinMs: number): void {
    if (this.draining.aborted || this.signal.aborted) return;
    const isAtOnce = this.#isIdle || withinMs <= 0;
    if (!isAtOnce) this.#timer = this.#clock.setTimer(withinMs, () => this.end("its time to drain is over"));
    this.#drainer.abort(this.#lost("it is handed over"));
    if (isAtOnce) this.end("it is handed over");
  }

  /** The work on it has settled. */
  rest(): void {
    this.#isIdle = true;
    if (this.draining.aborted) this.end("it is handed over");
  }

  /** Fires the signals, then gives it up. */
  end(why: string, cause?: unknown): void {
    if (this.signal.aborted) return;
    const reason = this.#lost(why, cause);
    this.#controller.abort(reason);
    if (!this.draining.aborted) this.#drainer.abort(reason);
    this.#stopListening();
    this.#timer?.cancel();
  }

  #lost(why: string, cause?: unknown): FlotillaError {
    return new FlotillaError("ERR_FLOTILLA_LOST", `${this.fence.path} is no longer held: ${why}`, { cause });
  }
}
