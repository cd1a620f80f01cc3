import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { leave } from "./grant.ts";
import type { LinePaths } from "./line.ts";

const pauseMs = 100;

/**
 * Leaves the line however long it takes: an orphan in line would block everyone behind it. Ends with the
 * session at the latest, which takes its nodes along.
 */
export async function leaveForGood(session: Session, paths: LinePaths, name: string): Promise<void> {
  for (;;) {
    try {
      return await leave(session, paths, name, {
        signal: session.signal,
        timeoutMs: Number.POSITIVE_INFINITY,
      });
    } catch (error) {
      if (session.signal.aborted) return;
      if (!FlotillaError.is(error) || !error.retryable) throw error;
    }
    await new Promise<void>((resolve) => void session.clock.setTimer(pauseMs, resolve));
  }
}
