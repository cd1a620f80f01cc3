import type { Shard } from "@flotilla/coord/client";
import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "../actors/actor.ts";
import { isPassing, sleep } from "../actors/actor.ts";
import type { Belief } from "../actors/belief-book.ts";
import { fenceRoot } from "../actors/paths.ts";
import type { Follows } from "./follows.ts";

const stallShare = 5;

/** What a process does with one recipe for as long as one session, or one stay in it, lasts. */
export interface Part {
  readonly actor: ActorProcess;
  readonly coord: Coord;
  readonly random: KeyedRandom;
  /** What is followed on the session; ends after everything else. */
  readonly follows: Follows;
  /** Fires when it is to come to an end. */
  readonly ending: AbortSignal;
}

/** Takes part until it is to come to an end. */
export type Play = (part: Part) => Promise<void>;

/** Goes through one round after another; what says only that the cluster is not there, or something was lost, ends a round. */
export async function inRounds(part: Part, round: () => Promise<void>): Promise<void> {
  const { kernel } = part.actor.world;
  while (!part.ending.aborted) {
    const beganMs = kernel.nowMs;
    try {
      await round();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    // Of rounds that take no time there is no end.
    if (kernel.nowMs === beganMs) await sleep(part.actor, 200);
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

/** Notes what one linearizable look at something showed. */
export async function look({ actor }: Part, what: string, ask: () => Promise<string>): Promise<void> {
  const { golden, ledger } = actor.world;
  const least = ledger.told;
  const shown = await ask();
  ledger.looks.push({ what, who: actor.name, shown, least, most: golden.revision });
}

/** Its holder lets go of it once it is to be handed over. */
export function letGoWhen({ actor }: Part, held: Belief & Pick<Shard, "draining">): void {
  held.draining.addEventListener("abort", () => actor.world.beliefs.givenUp(held), { once: true });
}

/** Writes something that is only to be written while it is held. */
export async function writeFenced(
  { actor, coord }: Part,
  held: Pick<Shard, "epoch" | "fence">,
  object: string,
): Promise<void> {
  const { fenced } = actor.world.ledger;
  try {
    const options = { fence: held.fence, timeoutMs: 2000 };
    const { revision } = await coord.session.put(`${fenceRoot}/${object}`, actor.name, options);
    fenced.push({ object, epoch: held.epoch, revision });
  } catch (error) {
    const isRefused =
      FlotillaError.is(error, "ERR_FLOTILLA_FENCED") || FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND");
    if (!isRefused && !isPassing(error)) throw error;
  }
}
