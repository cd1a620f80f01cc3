import { FlotillaError } from "@flotilla/runtime";
import type { Session, SessionLease, Watch } from "../client/api.ts";
import type { Bounds } from "./bounded.ts";
import { type Applicant, claim, joinGranted, joinWaiting } from "./grant.ts";
import { type Line, type LinePaths, readLine, type Waiter, waiterPath } from "./line.ts";
import { ensurePath } from "./names.ts";
import { Wake, wakeOn } from "./wake.ts";

/** A place in line that was granted. */
export interface Granted {
  readonly epoch: number;
  /** The period of belief at the moment the grant was seen. */
  readonly lease: SessionLease;
  /** On the own node, armed before the grant was read. */
  readonly watch: Watch;
}

/**
 * Stands in line until granted. On any failure the caller must leave the line: the node may exist.
 * The head of the line watches the holder, everyone else its predecessor, so that a release wakes at most
 * two. Each arms its watch and then reads again, so that no change falls between.
 */
export async function standInLine(
  session: Session,
  paths: LinePaths,
  applicant: Applicant,
  bounds: Bounds,
): Promise<Granted> {
  await ensurePath(session, paths.line, bounds);
  const wake = new Wake();
  const own = await session.watch(waiterPath(paths, applicant.name), { kind: "data" });
  let ahead: Watched | null = null as Watched | null;
  try {
    const epoch = await joinGranted(session, paths, applicant, bounds);
    if (epoch !== null) return granted(session, epoch, own);
    await joinWaiting(session, paths, applicant, bounds);
    const self = await wakeOn(session, waiterPath(paths, applicant.name), wake, {});
    try {
      for (;;) {
        const line = await readLine(session, paths, bounds);
        const place = placeIn(line, applicant.name);
        if (place.epoch !== null) return granted(session, place.epoch, own);
        if (place.ahead === null) {
          const claimed = await claim(session, paths, line, place.self, bounds);
          if (claimed !== null) return granted(session, claimed, own);
          continue;
        }
        if (ahead?.name !== place.ahead) {
          void ahead?.watch.close();
          ahead = {
            name: place.ahead,
            watch: await wakeOn(session, waiterPath(paths, place.ahead), wake, {}),
          };
          continue;
        }
        await wake.next(bounds.signal);
      }
    } finally {
      void self.close();
    }
  } catch (error) {
    void own.close();
    throw error;
  } finally {
    void ahead?.watch.close();
  }
}

function granted(session: Session, epoch: number, watch: Watch): Granted {
  return { epoch, lease: session.lease, watch };
}

interface Watched {
  readonly name: string;
  readonly watch: Watch;
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
  const waiting = line.waiters.filter((waiter) => waiter.name !== line.holder?.name);
  const predecessor = waiting[waiting.findIndex((waiter) => waiter.name === name) - 1] ?? line.holder;
  return { self, epoch: null, ahead: predecessor?.name ?? null };
}
