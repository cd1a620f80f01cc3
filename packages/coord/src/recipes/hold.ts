import type { Session } from "../client/api.ts";
import { isBelieved, untilBelieved } from "./belief.ts";
import { campaign } from "./campaign.ts";
import type { Way } from "./campaign.ts";
import type { Applicant } from "./grant.ts";
import { Holding } from "./holding.ts";
import { giveUpForGood } from "./leave.ts";
import type { LinePaths, Standing } from "./line.ts";
import { uniqueName } from "./names.ts";
import { nextTurn } from "./next-turn.ts";
import { requireStaying } from "./parting.ts";

/** A place that is held, and as whom. */
export interface Place {
  readonly applicant: Applicant;
  readonly holding: Holding;
}

/** Comes by a place that is believed in when it is handed out. Whatever ends the wait, nothing stays in line. */
export async function hold<None extends null>(
  session: Session,
  paths: LinePaths,
  standing: Standing,
  signal: AbortSignal,
  way: Way<None>,
): Promise<Place | None> {
  for (;;) {
    requireStaying(session);
    const applicant = { ...standing, name: uniqueName(session) };
    try {
      const granted = await campaign(session, paths, applicant, signal, way);
      if (granted === null) return granted;
      const holding = new Holding(session, paths, applicant.name, granted);
      // What came with the grant is heard first: it may have been taken away already.
      if (granted.watch !== null) await nextTurn(session);
      if (!signal.aborted && isBelieved(holding)) return { applicant, holding };
      // Granted while the session's lease had lapsed, or taken away since: given back, and back in line.
      await holding.release({ signal, timeoutMs: Infinity });
      await untilBelieved(session, signal);
    } catch (error) {
      // Whatever became of the node, also one whose answer is still on its way.
      void giveUpForGood(session, paths, applicant.name).catch(() => {});
      throw error;
    }
  }
}
