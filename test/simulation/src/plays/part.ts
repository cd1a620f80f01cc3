import type { Coord } from "@flotilla/coord/node";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "../actors/actor.ts";
import { isPassing, sleep } from "../actors/actor.ts";
import type { Belief } from "../actors/belief-book.ts";

const stallShare = 5;

/** What a process does with one recipe for as long as one session, or one stay in it, lasts. */
export interface Part {
  readonly actor: ActorProcess;
  readonly coord: Coord;
  readonly random: KeyedRandom;
  /** Fires when it is to come to an end. */
  readonly ending: AbortSignal;
}

/** Takes part until it is to come to an end. */
export type Play = (part: Part) => Promise<void>;

/** Goes through one round after another; what says only that the cluster is not there, or something was lost, ends a round. */
export async function inRounds(part: Part, round: () => Promise<void>): Promise<void> {
  while (!part.ending.aborted) {
    try {
      await round();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await sleep(part.actor, 200);
    }
  }
}

/** A pause from one time to another. */
export function pause({ actor, random }: Part, fromMs: number, toMs: number): Promise<void> {
  return sleep(actor, fromMs + random.below(toMs - fromMs));
}

/** Something of that name came, at this machine. */
export function came({ actor }: Part, moment: string): void {
  actor.world.moments.hit(moment, actor.machine);
}

/** Something was just handed out: from now on it is believed to be held. */
export function believe({ actor, coord }: Part, held: Belief, object: string, places = 1): void {
  const { world, clock, machine, name } = actor;
  const { session } = coord;
  const process = `${name}/${object}@${held.epoch}`;
  const maxStallMs = session.ttlMs / stallShare;
  world.beliefs.begun(held, { object, process, machine, maxStallMs, places, session }, clock);
}
