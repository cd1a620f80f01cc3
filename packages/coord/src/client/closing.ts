import type { Clock } from "@flotilla/runtime";
import { onAbort } from "../on-abort.ts";
import { type CallLimits, checkedLimits } from "./call.ts";
import type { CallOptions } from "./read-api.ts";

const defaultMs = 2_000;

/** The end of a session in order, begun once: whoever asks for it again may have less time than whoever did first. */
export class Closing {
  readonly #clock: Clock;
  #going: Promise<void> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get hasBegun(): boolean {
    return this.#going !== null;
  }

  /**
   * @param begin ends it within these bounds
   * @param finish ends it at once
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
   */
  async end(
    options: CallOptions,
    begin: (bounds: CallLimits) => Promise<void>,
    finish: () => void,
  ): Promise<void> {
    const going = this.#going;
    const bounds = checkedLimits(options, going === null ? defaultMs : Number.POSITIVE_INFINITY);
    if (going === null) this.#going = begin(bounds);
    else if (!(await settlesWithin(this.#clock, bounds, going))) finish();
    await this.#going;
  }
}

/** Whether something settles before the time of a caller is over, or its signal fires; it goes on all the same. */
async function settlesWithin(
  clock: Clock,
  { timeoutMs, signal }: CallLimits,
  work: Promise<unknown>,
): Promise<boolean> {
  if (signal?.aborted === true) return false;
  return new Promise((resolve) => {
    const giveUp = (): void => end(false);
    const timer = Number.isFinite(timeoutMs) ? clock.setTimer(timeoutMs, giveUp) : null;
    const stopListening = signal === undefined ? () => {} : onAbort(signal, giveUp);
    const settle = (): void => end(true);
    work.then(settle, settle);
    function end(isSettled: boolean): void {
      timer?.cancel();
      stopListening();
      resolve(isSettled);
    }
  });
}
