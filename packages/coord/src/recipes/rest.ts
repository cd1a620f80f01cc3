import type { Clock, Timer } from "@flotilla/runtime";
import { restMs } from "./no-room.ts";
import type { Wake } from "./wake.ts";

/** A while in which what was refused is not tried again; wakes up whoever tries at its end. */
export class Rest {
  readonly #clock: Clock;
  readonly #wake: Pick<Wake, "notify">;
  #timer: Timer | null = null;

  constructor(clock: Clock, wake: Pick<Wake, "notify">) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get isOn(): boolean {
    return this.#timer !== null;
  }

  begin(): void {
    this.#timer ??= this.#clock.setTimer(restMs, () => {
      this.#timer = null;
      this.#wake.notify();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
