import type { Session } from "../client/api.ts";
import { type Departure, leave } from "./grant.ts";
import type { LinePaths } from "./line.ts";
import { patient } from "./patient.ts";

/**
 * Leaves the line however long it takes: an orphan in line would block everyone behind it. Ends with the
 * session at the latest, which takes its nodes along.
 */
export async function leaveForGood(
  session: Session,
  paths: LinePaths,
  name: string,
  departure: Departure = {},
): Promise<void> {
  try {
    await leave(patient(session, undefined), paths, name, departure);
  } catch (error) {
    if (!session.signal.aborted) throw error;
  }
}
