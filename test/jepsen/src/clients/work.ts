import { setTimeout as pause } from "node:timers/promises";
import type { Session } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { patienceMs } from "../processes/until.ts";
import type { Coord } from "./session-client.ts";

/** The longest wait for one answer. */
export const waitMs = 4_000;
const pollMs = 100;

/** One client's part in a work, for as long as one session lasts. */
export interface Turn {
  /** Of the client. */
  readonly name: string;
  readonly random: KeyedRandom;
  /** Fires when nothing more is to be begun. */
  readonly stopping: AbortSignal;
  /** Mean pause between two calls. */
  readonly thinkMs: number;
}

/** A part of a turn that goes on beside others, with a name and with chances of its own. */
export function laneOf(turn: Turn, label: string): Turn {
  return { ...turn, name: `${turn.name}.${label}`, random: turn.random.fork(label) };
}

/** One way to use the product. One instance for all clients of a run. */
export interface Work {
  readonly name: string;
  /** Makes what it needs, before anybody begins. */
  prepare(session: Session): Promise<void>;
  /** Uses a session until it is over or `stopping` fires. May throw a `FlotillaError`. */
  run(client: Coord, turn: Turn): Promise<void>;
  /** Looks once more at everything, once all faults are over. */
  lookAgain(client: Coord): Promise<void>;
}

/** Takes one step after the other, whatever came of the one before, for as long as the session and the turn last. */
export async function repeat(client: Coord, turn: Turn, step: () => Promise<void>): Promise<void> {
  while (!client.session.signal.aborted && !turn.stopping.aborted) {
    try {
      await step();
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
    }
    await pause(turn.random.below(2 * turn.thinkMs + 1));
  }
}

/** Looks again and again until that is answered. @throws Error when it never is, for as long as patience lasts */
export async function insist<T>(
  what: string,
  look: () => Promise<T>,
  isAnswer: (seen: T) => boolean,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (isAnswer(seen)) return seen;
    if (performance.now() > deadlineMs) throw new Error(`${what}: no answer to the last look`);
    await pause(pollMs);
  }
}
