import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { givenBack } from "./given-back.ts";

interface Releasable {
  readonly signal: AbortSignal;
  /** By its holder, so that it is no loss. */
  readonly isReleased: boolean;
  assert(): void;
  release(options?: CallOptions): Promise<void>;
}

/**
 * Runs `fn` with what is held, then releases it. A release that fails is not the work's fault: it goes on in the
 * background, and ends with the session at the latest.
 * @throws FlotillaError `ERR_FLOTILLA_LOST` when it was lost before `fn` settled; what `fn` throws
 */
export async function runHeld<H extends Releasable, T>(
  session: Session,
  held: H,
  fn: (held: H) => Promise<T> | T,
): Promise<T> {
  try {
    const result = await fn(held);
    if (!held.isReleased) held.assert();
    return result;
  } catch (cause) {
    if (!held.signal.aborted || held.isReleased || cause === held.signal.reason) throw cause;
    throw new FlotillaError("ERR_FLOTILLA_LOST", "it was lost before the work was done", { cause });
  } finally {
    await givenBack(session, held.release({ timeoutMs: Infinity })).catch(ignoreTyped);
  }
}

/** What is given back goes on being so in the background, however the wait for it ends. */
export function ignoreTyped(error: unknown): void {
  if (!FlotillaError.is(error)) throw error;
}
