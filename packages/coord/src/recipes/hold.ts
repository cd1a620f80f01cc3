import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { standInLine, takeAtOnce } from "./campaign.ts";
import type { Applicant } from "./grant.ts";
import { Holding } from "./holding.ts";
import { leaveForGood } from "./leave.ts";
import type { LinePaths, Standing } from "./line.ts";
import { uniqueName } from "./names.ts";

/** A place that is held, and as whom. */
export interface Place {
  readonly applicant: Applicant;
  readonly holding: Holding;
}

/** Stands in line; leaves it whatever ends the wait. The holding is believed when it is handed out. */
export async function holdInTurn(
  session: Session,
  paths: LinePaths,
  standing: Standing,
  signal: AbortSignal,
): Promise<Place> {
  const place = await hold(session, paths, standing, signal, standInLine);
  if (place === null)
    throw new FlotillaError("ERR_FLOTILLA_INTERNAL", "the wait in line ended without a grant");
  return place;
}

/** Takes a place that is free; null when there is none, with nothing left in line. */
export function holdAtOnce(
  session: Session,
  paths: LinePaths,
  standing: Standing,
  signal: AbortSignal,
): Promise<Place | null> {
  return hold(session, paths, standing, signal, takeAtOnce);
}

async function hold(
  session: Session,
  paths: LinePaths,
  standing: Standing,
  signal: AbortSignal,
  obtain: typeof takeAtOnce,
): Promise<Place | null> {
  for (;;) {
    const applicant = { ...standing, name: uniqueName(session) };
    try {
      const granted = await obtain(session, paths, applicant, signal);
      if (granted === null) return null;
      const holding = new Holding(session, paths, applicant.name, granted);
      if (isBelieved(holding)) return { applicant, holding };
      // Granted while the session's lease had lapsed: given back, and back in line.
      await holding.release({ signal, timeoutMs: Infinity });
    } catch (error) {
      // Whatever became of the node, also one whose answer is still on its way.
      void leaveForGood(session, paths, applicant.name).catch(() => {});
      throw error;
    }
  }
}

/** Also right after a blocked event loop, whose timers are late. */
function isBelieved(holding: Holding): boolean {
  return !holding.signal.aborted && holding.expiresIn > 0;
}
