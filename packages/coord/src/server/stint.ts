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
  /** What waits for a turn. */
  #line: (() => void)[] = [];

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

  /** Runs it in a turn to come, behind what waits already: in each as much as it has time for, one in any case. */
  queue(run: () => void): void {
    this.#line.push(run);
    if (this.#line.length === 1) this.#clock.defer(this.#goOn);
  }

  /** Those that come back while it runs have the next turn. */
  readonly #goOn = (): void => {
    const due = this.#line.length;
    let done = 0;
    this.take(true);
    try {
      do {
        const run = this.#line[done];
        done += 1;
        run?.();
      } while (done < due && this.take(true));
    } finally {
      this.#line.splice(0, done);
      if (this.#line.length > 0) this.#clock.defer(this.#goOn);
    }
  };

  #begin(): void {
    this.#untilMs = this.#clock.now() + longestMs;
    this.#clock.defer(this.#renew);
  }

  readonly #renew = (): void => {
    this.#answers = 0;
    this.#isOver = false;
  };
}
