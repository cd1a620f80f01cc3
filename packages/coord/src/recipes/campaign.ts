import { FlotillaError } from "@flotilla/runtime";
import type { Session, SessionLease, Watch } from "../client/api.ts";
import { type Applicant, claim, join } from "./grant.ts";
import { type Line, type LinePaths, readLine, type Waiter, waiterPath } from "./line.ts";
import { type Calls, patient } from "./patient.ts";
import { Wake, wakeOn } from "./wake.ts";

/** A place in line that was granted. */
export interface Granted {
  readonly epoch: number;
  /** The period of belief at the moment the grant was seen. */
  readonly lease: SessionLease;
  /** On the own node, armed before it was made. */
  readonly watch: Watch;
}

/**
 * Stands in line until granted. On any failure the caller must leave the line: the node may exist.
 * @throws FlotillaError `ERR_FLOTILLA_LOST` when its node was deleted; the reason of the signal
 */
export async function standInLine(
  session: Session,
  paths: LinePaths,
  applicant: Applicant,
  signal: AbortSignal,
): Promise<Granted> {
  const calls = patient(session, signal);
  const watch = await calls.watch(waiterPath(paths, applicant.name), { kind: "data" });
  try {
    const epoch =
      (await join(calls, paths, applicant)) ?? (await waitForGrant(calls, paths, applicant.name, signal));
    signal.throwIfAborted();
    return { epoch, lease: session.lease, watch };
  } catch (error) {
    void watch.close();
    throw error;
  }
}

interface Watched {
  readonly name: string;
  readonly watch: Watch;
}

/**
 * The head of the line watches the holder, everyone else its predecessor, so that a release wakes at most
 * two. Each arms its watch and then reads again, so that no change falls between.
 */
async function waitForGrant(
  calls: Calls,
  paths: LinePaths,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  const wake = new Wake();
  const self = await wakeOn(calls, waiterPath(paths, name), wake);
  let ahead = null as Watched | null;
  try {
    for (;;) {
      const line = await readLine(calls, paths);
      const place = placeIn(line, name);
      if (place.epoch !== null) return place.epoch;
      if (place.ahead === null) {
        const claimed = await claim(calls, paths, line, place.self);
        if (claimed !== null) return claimed;
      } else if (ahead?.name === place.ahead) {
        await wake.next(signal);
      } else {
        void ahead?.watch.close();
        ahead = { name: place.ahead, watch: await wakeOn(calls, waiterPath(paths, place.ahead), wake) };
      }
    }
  } finally {
    void self.close();
    void ahead?.watch.close();
  }
}

interface Place {
  readonly self: Waiter;
  /** Set once granted. */
  readonly epoch: number | null;
  /** Whom to watch; null when the place is vacant and this waiter is first. */
  readonly ahead: string | null;
}

function placeIn(line: Line, name: string): Place {
  const self = line.waiters.find((waiter) => waiter.name === name);
  if (self === undefined) {
    throw new FlotillaError("ERR_FLOTILLA_LOST", "the place in line is gone: its node was deleted");
  }
  if (line.holder?.name === name) return { self, epoch: self.mzxid, ahead: null };
  const waiting = line.waiters.filter((waiter) => waiter !== line.holder);
  const predecessor = waiting[waiting.indexOf(self) - 1] ?? line.holder;
  return { self, epoch: null, ahead: predecessor?.name ?? null };
}
