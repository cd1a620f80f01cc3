import type { Credential } from "@flotilla/coord/client";
import type { Coord } from "@flotilla/coord/node";
import type { ActorProcess } from "./actor.ts";
import { adopt, isOver, isPassing, sleep } from "./actor.ts";
import { EarlyAsks, type EarlyWrite } from "./early-asks.ts";
import { TrackedSession } from "./tracked-session.ts";

const retryMs = 250;

/** A session, open or the member's own, however long it takes; null when everybody is to stop. */
async function obtain(actor: ActorProcess, auth?: readonly Credential[]): Promise<Coord | null> {
  const { own } = actor;
  if (own !== null && !own.isTaken && auth === undefined && !isOver(own.coord.session)) {
    own.isTaken = true;
    return own.coord;
  }
  while (!actor.isStopping()) {
    const openedMs = actor.world.kernel.nowMs;
    try {
      const coord = await actor.open(auth);
      adopt(actor, coord, openedMs);
      return coord;
    } catch (error) {
      if (!isPassing(error)) throw error;
      await sleep(actor, retryMs);
    }
  }
  return null;
}

/** The same, with something asked at once of one that is not open yet. */
export async function openCoord(actor: ActorProcess, auth?: readonly Credential[]): Promise<Coord | null> {
  const coord = await obtain(actor, auth);
  if (coord !== null) askEarly(actor, coord);
  return coord;
}

function askEarly(actor: ActorProcess, coord: Coord, write?: EarlyWrite): void {
  const { own, world } = actor;
  if (own === null || coord !== own.coord) return;
  own.early = new EarlyAsks(actor, coord.session, write).run();
  own.early.catch(world.crashed);
}

/** Ends a session, unless it is over. The member stays when it is its own. */
export async function leave(actor: ActorProcess, coord: Coord): Promise<void> {
  const { own } = actor;
  if (own !== null && coord === own.coord) await own.early;
  if (isOver(coord.session)) return;
  await (coord === own?.coord ? coord.session.close() : coord.close());
}

/** One session after the other, each until the use of it is over. */
export async function inSessions(actor: ActorProcess, use: (coord: Coord) => Promise<void>): Promise<void> {
  while (!actor.isStopping()) {
    const coord = await openCoord(actor);
    if (coord === null) return;
    await use(coord);
    await leave(actor, coord);
  }
}

/** A session that belongs to one actor alone, with every call written down. */
export async function openTracked(
  actor: ActorProcess,
): Promise<{ coord: Coord; tracked: TrackedSession } | null> {
  const coord = await obtain(actor);
  if (coord === null) return null;
  const { ledger, kernel } = actor.world;
  const tracked = new TrackedSession(coord.session, ledger, () => kernel.nowMs);
  askEarly(actor, coord, (asked, call) => tracked.write(asked, call, ({ revision }) => revision));
  return { coord, tracked };
}

/** Closes a tracked session, unless it is over; the close is a write of its own. */
export async function closeTracked(
  actor: ActorProcess,
  { coord, tracked }: { coord: Coord; tracked: TrackedSession },
): Promise<void> {
  const { own } = actor;
  if (own !== null && coord === own.coord) await own.early;
  if (isOver(coord.session)) return;
  const asked = { type: "close", path: "", value: null, opId: null };
  await tracked.write(
    asked,
    () => leave(actor, coord),
    () => null,
  );
}
