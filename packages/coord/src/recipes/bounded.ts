import { onAbort } from "../on-abort.ts";
import type { Clock } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { checkedLimits, requireOptions } from "../client/call.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import { sharedController } from "../shared-controller.ts";

/** Of a release or deregistration that is given no time, ms. */
export const longestWaitMs: number = 15_000;

/** What ends a wait. */
export interface Bounds {
  readonly clock: Clock;
  /** The caller's. */
  readonly options: CallOptions;
  /** When the caller names no time, ms; `Infinity` for none. */
  readonly fallbackMs: number;
  /** Ends the wait with its own reason, a `FlotillaError`. */
  readonly end?: AbortSignal;
  /** Names the wait in errors. */
  readonly what: string;
  /** Whether what was begun goes on when the wait ends: errors are then `ambiguous`. Default: no. */
  readonly goesOn?: () => boolean;
  /** Whether its calls may write: its errors are then as `ambiguous` as that of the call that was under way. Default false. */
  readonly writes?: boolean;
}

/**
 * Runs `work` under one signal, and rejects with its reason whatever the work made of it.
 * @throws FlotillaError `ERR_FLOTILLA_ABORTED` on the caller's abort, `ERR_FLOTILLA_TIMEOUT` after the
 * caller's time, the reason of `end`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export async function bounded<T>(bounds: Bounds, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, options, end, what, goesOn = () => false, writes = false } = bounds;
  const { timeoutMs, signal } = checkedLimits(options, bounds.fallbackMs);
  const controller = sharedController();
  const stopListening = [
    listen(end, (reason) => controller.abort(reason)),
    listen(signal, (cause) => {
      const ambiguous = goesOn();
      controller.abort(
        new FlotillaError("ERR_FLOTILLA_ABORTED", `${what} was aborted`, { cause, ambiguous }),
      );
    }),
  ];
  const timer = Number.isFinite(timeoutMs)
    ? clock.setTimer(timeoutMs, () => {
        const message = `${what}: not done in ${Math.round(timeoutMs)} ms`;
        controller.abort(new FlotillaError("ERR_FLOTILLA_TIMEOUT", message, { ambiguous: goesOn() }));
      })
    : null;
  try {
    controller.signal.throwIfAborted();
    return await work(controller.signal);
  } catch (error) {
    const { aborted, reason } = controller.signal;
    if (!aborted) throw error;
    throw writes && FlotillaError.is(error) && error.ambiguous ? ambiguously(reason) : reason;
  } finally {
    timer?.cancel();
    for (const stop of stopListening) stop();
  }
}

/** The same of what may have happened. */
function ambiguously(reason: unknown): unknown {
  if (!FlotillaError.is(reason) || reason.ambiguous) return reason;
  const { code, message, cause, details } = reason;
  return new FlotillaError(code, message, { cause, details, ambiguous: true });
}

/** Several calls as one: the caller's bounds are those of all of them together. */
export function within<T>(
  session: Session,
  options: ReadOptions,
  what: string,
  read: (options: ReadOptions) => Promise<T>,
): Promise<T> {
  const { clock } = session;
  const bounds = { clock, options, fallbackMs: Number.POSITIVE_INFINITY, what, writes: true };
  return bounded(bounds, (signal) => read({ ...options, signal }));
}

/**
 * The bounds of each of several calls in a row, which have the caller's time together.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function inTurn(clock: Clock, options: CallOptions): () => CallOptions {
  requireOptions(options);
  const { signal, timeoutMs } = options;
  const begunMs = clock.now();
  // What is no time is refused by the first call.
  const left = (ms: number): number => (ms > 0 ? Math.max(1, ms - (clock.now() - begunMs)) : ms);
  return () => ({
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs: left(timeoutMs) }),
  });
}

/** Settles like `promise`, or rejects with the signal's reason; what is behind the promise goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = listen(signal, reject);
    void promise.then(resolve, reject).finally(stopListening);
  });
}

/** Calls back once with the reason, at once when the signal fired already. Returns how to stop. */
export function listen(signal: AbortSignal | undefined, fn: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (!signal.aborted) return onAbort(signal, () => fn(signal.reason));
  fn(signal.reason);
  return () => {};
}
