import type { Clock } from "@flotilla/runtime";

/** How long answers that need no event loop may keep it from timers and sockets, ms. */
const longestMs = 2;
const mostAnswers = 4_096;
/** Answers between two looks at the clock. */
const stride = 16;

/** What may be answered at once in one turn of the event loop, before everybody else has to have one. */
export class Stint {
  readonly #clock: Clock;
  #answers = 0;
  #untilMs = 0;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one more; false when this turn has had enough. `isLong`: it may take a while, so the time counts now. */
  take(isLong: boolean): boolean {
    if (this.#isOver) return false;
    if (this.#answers === 0) this.#begin();
    this.#answers += 1;
    if (isLong || this.#answers % stride === 0) {
      this.#isOver = this.#answers >= mostAnswers || this.#clock.now() >= this.#untilMs;
    }
    return !isLong || !this.#isOver;
  }

  #begin(): void {
    this.#untilMs = this.#clock.now() + longestMs;
    this.#clock.defer(this.#renew);
  }

  readonly #renew = (): void => {
    this.#answers = 0;
    this.#isOver = false;
  };
}
