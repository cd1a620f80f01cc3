import type { Clock, Random, Timer } from "@flotilla/runtime";

const firstDelayMs = 25;

export interface DialLoopOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Longest wait between two attempts, ms. */
  readonly maxDelayMs: number;
  /** So much longer is each wait, ms: the other side is to come first. */
  readonly restMs: number;
  /** One attempt; rejects when it failed. When what it achieved ends, the owner calls `again`. */
  readonly attempt: (signal: AbortSignal) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Dials one peer again and again until told to stop: bounded exponential waits with full jitter. */
export class DialLoop {
  readonly #options: DialLoopOptions;
  readonly #abort: AbortController = new AbortController();
  #failures = 0;
  #timer: Timer | null = null;
  #busy = false;
  #upSinceMs: number | null = null;

  constructor(options: DialLoopOptions) {
    this.#options = options;
  }

  /** Dials now, unless an attempt is under way. */
  start(): void {
    if (this.#busy || this.#timer !== null || this.#abort.signal.aborted) return;
    this.#busy = true;
    this.#options.attempt(this.#abort.signal).then(
      () => {
        this.#busy = false;
        this.#upSinceMs = this.#options.clock.now();
      },
      (error: unknown) => {
        this.#busy = false;
        if (!this.#abort.signal.aborted) this.#options.onFailure(error);
        this.again();
      },
    );
  }

  /** Dials after a wait. */
  again(): void {
    if (this.#busy || this.#timer !== null || this.#abort.signal.aborted) return;
    const { clock, random, maxDelayMs, restMs } = this.#options;
    // Links that do not last are failures too.
    if (this.#upSinceMs !== null && clock.now() - this.#upSinceMs >= maxDelayMs) this.#failures = 0;
    this.#upSinceMs = null;
    const limitMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#timer = clock.setTimer(restMs + random.float() * limitMs, () => {
      this.#timer = null;
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#abort.abort();
  }
}
