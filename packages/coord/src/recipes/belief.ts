import type { Session, SessionLease } from "../client/api.ts";
import { pause } from "./pause.ts";

/** How often belief in the session is looked for, once it lapsed, ms. */
const lapsedMs = 100;

/** Also right after a blocked event loop, whose timers are late. */
export function isBelieved({ signal, expiresIn }: Pick<SessionLease, "signal" | "expiresIn">): boolean {
  return !signal.aborted && expiresIn > 0;
}

/**
 * Until what is held by the session would be believed in: one that is about to end lapses before, and all that it asked for
 * would be given back and asked for again. Rejects with the signal's reason.
 */
export async function untilBelieved(session: Session, signal: AbortSignal): Promise<void> {
  while (!isBelieved(session.lease)) {
    await pause(session.clock, lapsedMs, signal);
    signal.throwIfAborted();
  }
}
