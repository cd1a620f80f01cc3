import type { Credential } from "@flotilla/coord/client";
import type { Coord } from "@flotilla/coord/node";
import type { ClientHost } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { WorldContext } from "../world/context.ts";
import type { ProcessClock } from "./process-clock.ts";

/** How one process gets sessions; by default as nobody. */
export type OpenCoord = (auth?: readonly Credential[]) => Promise<Coord>;

/** What everything that runs in one client process shares. */
export interface ActorProcess {
  /** Unique over the world: the client and its life. */
  readonly name: string;
  /** The machine it runs on. */
  readonly machine: string;
  readonly host: ClientHost;
  readonly clock: ProcessClock;
  readonly random: KeyedRandom;
  readonly ttlMs: number;
  readonly world: WorldContext;
  readonly open: OpenCoord;
  /** What the member in the same process has; it is there before it is open. Null without one, and for all but one user. */
  readonly own: OwnCoord | null;
  /** Every session that was opened here and not closed. */
  readonly coords: Set<Coord>;
  /** True once everybody is to come to an end. */
  readonly isStopping: () => boolean;
}

/** A session that is used before it is open. */
export interface OwnCoord {
  readonly coord: Coord;
  /** Whoever uses it took it. */
  isTaken: boolean;
  /** Resolves when everything that was asked at once is answered. */
  early: Promise<void>;
}

/** Waits by the process's own clock. */
export function sleep({ host }: ActorProcess, ms: number): Promise<void> {
  return new Promise((resolve) => {
    host.clock.setTimer(ms, resolve);
  });
}

/** The session was lost or closed by now. */
export function isOver({ signal }: { readonly signal: AbortSignal }): boolean {
  return signal.aborted;
}

/** A pause around a mean, drawn from the process. */
export function think(actor: ActorProcess, random: KeyedRandom, meanMs: number): Promise<void> {
  return sleep(actor, meanMs * (0.25 + 1.5 * random.float()));
}

/** Takes a session under watch that was opened from `openedMs` on. */
export function adopt(actor: ActorProcess, coord: Coord, openedMs: number): void {
  actor.coords.add(coord);
  actor.world.leases.opened(coord.session, actor.clock, openedMs);
  const { ledger, golden } = actor.world;
  const isOwn = coord === actor.own?.coord;
  ledger.opened.set(coord.session.id, { isOwn, commands: golden.commands.length });
  coord.session.signal.addEventListener("abort", () => actor.coords.delete(coord), { once: true });
}

/** Errors that say nothing but that the cluster is not there at the moment. */
export function isPassing(error: unknown): boolean {
  return FlotillaError.is(error) && passing.has(error.code);
}

const passing: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_ABORTED",
  "ERR_FLOTILLA_CLOSED",
  "ERR_FLOTILLA_LOST",
  "ERR_FLOTILLA_NO_QUORUM",
  "ERR_FLOTILLA_OVERLOADED",
  "ERR_FLOTILLA_SESSION_EXPIRED",
  "ERR_FLOTILLA_TIMEOUT",
  "ERR_FLOTILLA_UNREACHABLE",
  "ERR_FLOTILLA_UNKNOWN_OUTCOME",
]);
