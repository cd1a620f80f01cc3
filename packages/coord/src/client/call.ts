import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, ReadOptions } from "./read-api.ts";
import { onAbort } from "../on-abort.ts";
import { requireObject } from "./bad-argument.ts";
import type { DeadlineQueue, Deadlines, Timed } from "./deadlines.ts";

/** How long a caller is willing to wait. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Refuses options that are none, or that nobody reads: a caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireOptions(options: unknown): void {
  if (options !== undefined) requireObject(options);
}

/**
 * Reads the options every call has.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, or `ERR_FLOTILLA_ABORTED` when the signal fired already
 */
export function callLimits(options: CallOptions | undefined, defaultTimeoutMs: number): CallLimits {
  const limits = checkedLimits(options, defaultTimeoutMs);
  if (limits.signal?.aborted === true) throw aborted(limits.signal, "the call", false);
  return limits;
}

/**
 * Reads them, whether the signal has fired or not.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function checkedLimits(options: CallOptions | undefined, defaultTimeoutMs: number): CallLimits {
  requireOptions(options);
  const { timeoutMs = defaultTimeoutMs, signal } = options ?? {};
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "timeoutMs: expected a number above 0");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "signal: expected an AbortSignal");
  }
  return { timeoutMs, signal };
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for a level that there is not */
export function isLinearizable(options: ReadOptions | undefined): boolean {
  const { level = "linearizable" }: { readonly level?: unknown } = options ?? {};
  if (level === "linearizable" || level === "local") return level === "linearizable";
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "level: expected linearizable or local");
}

/** Whether `callLimits` would take these options, without a word on why not. */
export function mayStart({ timeoutMs, signal }: CallOptions): boolean {
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0)) return false;
  return signal === undefined || (signal instanceof AbortSignal && !signal.aborted);
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
 * Deadline and listener are gone as soon as it is settled.
 */
export abstract class Wait<T> implements Timed {
  readonly promise: Promise<T>;
  dueMs = 0;
  earlier: Timed | undefined = undefined;
  later: Timed | undefined = undefined;
  readonly #signal: AbortSignal | undefined;
  #queue: DeadlineQueue | undefined;
  #stopListening: (() => void) | undefined;
  #settled = false;
  #resolve: (value: T) => void = unset;
  #reject: (error: Error) => void = unset;

  constructor(deadlines: Deadlines, { timeoutMs, signal }: CallLimits) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#signal = signal;
    if (signal !== undefined) this.#listen(signal);
    this.#queue = timeoutMs === Number.POSITIVE_INFINITY ? undefined : deadlines.add(this, timeoutMs);
  }

  /** Names the call in errors. */
  abstract get what(): string;

  /** The caller stops waiting. True when the outcome is unknown. */
  protected abstract giveUp(): boolean;

  get settled(): boolean {
    return this.#settled;
  }

  get signal(): AbortSignal | undefined {
    return this.#signal;
  }

  resolve(value: T): void {
    if (this.#settle()) this.#resolve(value);
  }

  reject(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  timedOut(): void {
    const timeoutMs = this.#queue?.timeoutMs ?? 0;
    this.#queue = undefined;
    if (this.#settled) return;
    const ambiguous = this.giveUp();
    this.reject(
      new FlotillaError(
        "ERR_FLOTILLA_TIMEOUT",
        `${this.what}: no answer within ${Math.round(timeoutMs)} ms`,
        {
          ambiguous,
          details: { timeoutMs },
        },
      ),
    );
  }

  #listen(signal: AbortSignal): void {
    this.#stopListening = onAbort(signal, () => {
      if (!this.#settled) this.reject(aborted(signal, this.what, this.giveUp()));
    });
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#queue?.remove(this);
    this.#queue = undefined;
    this.#stopListening?.();
    return true;
  }
}

function unset(): void {}

/** A wait that nobody has to be told of when its caller gives up. */
export class PlainWait<T> extends Wait<T> {
  readonly what: string;

  constructor(deadlines: Deadlines, limits: CallLimits, what: string) {
    super(deadlines, limits);
    this.what = what;
  }

  protected giveUp(): boolean {
    return false;
  }
}
