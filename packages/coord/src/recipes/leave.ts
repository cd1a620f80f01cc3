import type { Session } from "../client/api.ts";
import { type Departure, leave, leaveWaiting } from "./grant.ts";
import type { LinePaths } from "./line.ts";
import { type Calls, patient } from "./patient.ts";

/**
 * Leaves the line however long it takes: an orphan in line would block everyone behind it. Ends with the
 * session at the latest, which takes its nodes along.
 */
export function leaveForGood(
  session: Session,
  paths: LinePaths,
  name: string,
  departure: Departure = {},
): Promise<void> {
  return forGood(session, (calls) => leave(calls, paths, name, departure));
}

/** The same of somebody who waits no longer, and may have been granted meanwhile. */
export function giveUpForGood(session: Session, paths: LinePaths, name: string): Promise<void> {
  return forGood(session, async (calls) => {
    if (!(await leaveWaiting(calls, paths, name))) await leave(calls, paths, name);
  });
}

async function forGood(session: Session, work: (calls: Calls) => Promise<void>): Promise<void> {
  try {
    await work(patient(session, undefined));
  } catch (error) {
    if (!session.signal.aborted) throw error;
  }
}
