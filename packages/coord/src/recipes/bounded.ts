import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, Session } from "../client/api.ts";

/** The wait of a recipe: everything inside waits without a bound of its own, on one signal. */
export interface Bounds extends CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const defaultTimeoutMs = 15_000;

/**
 * Runs `work` under one signal that fires on the caller's abort, after the caller's timeout, or when the
 * session ends; every call inside passes the bounds on.
 */
export async function bounded<T>(
  session: Session,
  options: CallOptions,
  fallbackMs: number,
  work: (bounds: Bounds) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(options.signal?.reason);
  const onEnd = (): void => controller.abort(session.signal.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (session.signal.aborted) onEnd();
  else session.signal.addEventListener("abort", onEnd, { once: true });
  const timeoutMs = options.timeoutMs ?? fallbackMs;
  const timer = Number.isFinite(timeoutMs)
    ? session.clock.setTimer(timeoutMs, () =>
        controller.abort(new FlotillaError("ERR_FLOTILLA_TIMEOUT", `not done within ${timeoutMs} ms`)),
      )
    : null;
  try {
    return await work({ signal: controller.signal, timeoutMs: Number.POSITIVE_INFINITY });
  } finally {
    timer?.cancel();
    options.signal?.removeEventListener("abort", onAbort);
    session.signal.removeEventListener("abort", onEnd);
  }
}

/** Ends the wait for `promise` by the caller's bounds; the work behind it goes on. */
export async function waitFor(session: Session, promise: Promise<void>, options: CallOptions): Promise<void> {
  await bounded(session, options, defaultTimeoutMs, async ({ signal }) => {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  });
}
