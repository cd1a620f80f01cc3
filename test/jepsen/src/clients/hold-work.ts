import { setTimeout as pause } from "node:timers/promises";
import type { CallOptions, Held, Session } from "@flotilla/coord/client";
import type { BeliefBook } from "./belief-book.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { laneOf, repeat, waitMs } from "./work.ts";

const fencedRoot = "/fenced";
/** Now and then one holds for longer than its session may go unheard. */
const longHoldMs = 4_000;

/** What is held: locks, or leadership. */
export interface Holdable {
  readonly names: readonly string[];
  readonly acquire: (client: Coord, name: string, options: CallOptions) => Promise<Held>;
}

export const locks: Holdable = {
  names: ["l0", "l1"],
  acquire: (client, name, options) => client.lock(name).acquire(options),
};

export const elections: Holdable = {
  names: ["e0", "e1"],
  acquire: (client, name, options) => client.election(name).campaign(options),
};

/** Some give up before it is their turn. */
const hastyShare = 0.3;
const hastyMs = 60;

/** Comes to hold, and writes to what that guards behind its fence, without asking whether it still holds. */
export class HoldWork implements Work {
  readonly name: string;
  readonly #what: Holdable;
  readonly #book: BeliefBook;
  #writes = 0;

  constructor(name: string, what: Holdable, book: BeliefBook) {
    this.name = name;
    this.#what = what;
    this.#book = book;
  }

  async prepare(session: Session): Promise<void> {
    if ((await session.exists(fencedRoot)) === null) await session.create(fencedRoot, "");
  }

  async run(client: Coord, turn: Turn): Promise<void> {
    await Promise.all(
      this.#what.names.map((name) => {
        const own = laneOf(turn, name);
        return repeat(client, own, () => this.#holdOnce(client, name, own));
      }),
    );
  }

  async lookAgain(): Promise<void> {
    // Every write was told with its revision.
  }

  async #holdOnce(client: Coord, name: string, turn: Turn): Promise<void> {
    const { random, stopping } = turn;
    const timeoutMs = random.chance(hastyShare) ? 1 + random.below(hastyMs) : waitMs;
    const held = await this.#what.acquire(client, name, { timeoutMs, signal: stopping });
    this.#book.begun(turn.name, name, held);
    const writes = 1 + random.below(4);
    const restMs = random.chance(0.01) ? longHoldMs / writes : random.below(15);
    for (let k = 0; k < writes; k += 1) {
      this.#writes += 1;
      const limits = { fence: held.fence, timeoutMs: waitMs };
      const value = `${turn.name}-${this.#writes}`;
      const { revision } = await client.session.put(`${fencedRoot}/${name}`, value, limits);
      this.#book.wrote(turn.name, name, held, revision);
      await pause(restMs);
    }
    await held.release({ timeoutMs: waitMs });
  }
}
