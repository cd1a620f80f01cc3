import type { Clock, Timer } from "@flotilla/runtime";

/** A timer for a deadline that moves. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #deadlineMs: number | null = null;
  #timer: Timer | null = null;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Calls back at `deadlineMs`, monotonic; null: never. It replaces what was set before. */
  set(deadlineMs: number | null): void {
    if (deadlineMs === this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#timer?.cancel();
    this.#timer = null;
    if (deadlineMs === null) return;
    this.#timer = this.#clock.setTimer(deadlineMs - this.#clock.now(), () => {
      this.#deadlineMs = null;
      this.#onDue();
    });
  }

  cancel(): void {
    this.set(null);
  }
}
