import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions } from "./api.ts";

/** How long a caller is willing to wait. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Refuses options that are none: a caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireOptions(options: unknown): void {
  if (options === undefined || (typeof options === "object" && options !== null)) return;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "options: expected an object");
}

/**
 * Reads the options every call has.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, or `ERR_FLOTILLA_ABORTED` when the signal fired already
 */
export function callLimits(options: CallOptions | undefined, defaultTimeoutMs: number): CallLimits {
  requireOptions(options);
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "timeoutMs: expected a number above 0");
  }
  const signal = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "signal: expected an AbortSignal");
  }
  if (signal?.aborted === true) throw aborted(signal, "the call", false);
  return { timeoutMs, signal };
}

/** The error of a caller whose signal fired. */
function aborted(signal: AbortSignal, what: string, ambiguous: boolean): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_ABORTED", `${what} was aborted`, {
    cause: signal.reason,
    ambiguous,
  });
}

/**
 * One caller's wait for one answer. Settles once: by the answer, the time limit or the signal.
 * Timer and listener are gone as soon as it is settled.
 */
export class Wait<T> {
  readonly promise: Promise<T>;
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  readonly #onGiveUp: () => boolean;
  #timer: Timer | undefined;
  #settled = false;
  #resolve: (value: T) => void = () => {};
  #reject: (error: Error) => void = () => {};

  /**
   * @param what names the call in errors
   * @param onGiveUp called when the caller stops waiting; says whether the outcome is unknown
   */
  constructor(clock: Clock, limits: CallLimits, what: string, onGiveUp: () => boolean) {
    this.#what = what;
    this.#onGiveUp = onGiveUp;
    this.#signal = limits.signal;
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#signal?.addEventListener("abort", this.#aborted, { once: true });
    if (Number.isFinite(limits.timeoutMs)) {
      this.#timer = clock.setTimer(limits.timeoutMs, () => this.#timedOut(limits.timeoutMs));
    }
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(value: T): void {
    if (this.#settle()) this.#resolve(value);
  }

  reject(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  readonly #aborted = (): void => {
    if (this.#settled || this.#signal === undefined) return;
    this.reject(aborted(this.#signal, this.#what, this.#onGiveUp()));
  };

  #timedOut(timeoutMs: number): void {
    if (this.#settled) return;
    const ambiguous = this.#onGiveUp();
    this.reject(
      new FlotillaError("ERR_FLOTILLA_TIMEOUT", `${this.#what}: no answer within ${timeoutMs} ms`, {
        ambiguous,
        details: { timeoutMs },
      }),
    );
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer?.cancel();
    this.#signal?.removeEventListener("abort", this.#aborted);
    return true;
  }
}
