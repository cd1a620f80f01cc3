import { setTimeout as pause } from "node:timers/promises";

const pollMs = 20;

/** How long a condition may take on a machine that is busy with everything else, ms. */
export const patienceMs = 60_000;

/** Whom to ask when a condition does not come about. */
export interface Witness {
  /** Nothing can come of waiting any longer. */
  readonly hopeless: () => boolean;
  /** What to say then. */
  readonly diagnose: () => string | Promise<string>;
}

/**
 * Waits until `probe` gives something other than `undefined`, and returns that.
 * @throws Error when it is hopeless or after `patienceMs`, naming what was waited for
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { hopeless, diagnose }: Witness,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (hopeless() || performance.now() > deadline)
      throw new Error(`waited in vain: ${what}\n${await diagnose()}`);
    await pause(pollMs);
  }
}
