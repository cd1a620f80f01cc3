/** Milliseconds of a clock that only goes forward. */
export function nowMs(): number {
  return performance.now();
}

/** Resolves after the time, or at once when the signal fires. Never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

const pollMs = 25;

/** True once the condition holds; false when the time is over or the signal fires. */
export async function until(
  condition: () => boolean,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<boolean> {
  const end = nowMs() + options.timeoutMs;
  while (!condition()) {
    if (nowMs() >= end || options.signal?.aborted === true) return false;
    await sleep(pollMs, options.signal);
  }
  return true;
}
