import { setTimeout as pause } from "node:timers/promises";

const pollMs = 20;

/** How long a condition may take on a machine that is busy with everything else, ms. */
export const patienceMs = 60_000;

/**
 * Waits until `probe` gives something other than `undefined`, and returns that.
 * @throws Error after `patienceMs`, naming what was waited for, with what `diagnose` says
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  diagnose: () => string,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}\n${diagnose()}`);
    await pause(pollMs);
  }
}
