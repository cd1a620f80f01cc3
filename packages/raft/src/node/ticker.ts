import type { Clock, Timer } from "@flotilla/runtime";

const maxTicksAtOnce = 2;

/**
 * Ticks at fixed multiples of an interval. A tick is delivered after a poll phase, so that messages which
 * arrived during a stall are heard before it; of the ticks missed during a stall at most two are made up.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onTicks: (count: number, lateMs: number) => void;
  #nextMs: number;
  #timer: Timer | null = null;
  #stopped = false;

  /** `onTicks` hears how many there are, and how late the first of them came. */
  constructor(clock: Clock, intervalMs: number, onTicks: (count: number, lateMs: number) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onTicks = onTicks;
    this.#nextMs = clock.now() + intervalMs;
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(this.#nextMs - this.#clock.now(), () =>
      this.#clock.defer(() => this.#fire()),
    );
  }

  #fire(): void {
    if (this.#stopped) return;
    const lateMs = Math.max(0, this.#clock.now() - this.#nextMs);
    const due = 1 + Math.floor(lateMs / this.#intervalMs);
    this.#nextMs += due * this.#intervalMs;
    this.#arm();
    this.#onTicks(Math.min(due, maxTicksAtOnce), lateMs);
  }
}
