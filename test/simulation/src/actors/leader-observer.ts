import type { Coord } from "@flotilla/coord/node";
import type { ActorProcess } from "./actor.ts";
import { isPassing } from "./actor.ts";
import { Dues } from "./dues.ts";
import type { FollowRecord } from "./followed.ts";
import { leaderText } from "./followed.ts";
import { electionNames, forcedElection } from "./paths.ts";

/** Follows who leads, for as long as one session lasts. */
export class LeaderObserver {
  readonly #actor: ActorProcess;
  readonly #coord: Coord;
  readonly #ending = new AbortController();
  readonly #dues: Dues;
  readonly #following: Promise<unknown>;

  constructor(actor: ActorProcess, coord: Coord) {
    this.#actor = actor;
    this.#coord = coord;
    this.#dues = new Dues(actor, coord.session);
    this.#following = Promise.all([...electionNames, forcedElection].map((name) => this.#follow(name)));
    this.#following.catch(actor.world.crashed);
  }

  /** Ends it; when everybody comes to an end, only once it has shown everything. */
  async end(): Promise<void> {
    await this.#dues.end();
    this.#ending.abort();
    await this.#following;
  }

  async #follow(name: string): Promise<void> {
    const record: FollowRecord = { what: `election/${name}`, who: this.#actor.name, shown: [], dues: [] };
    this.#actor.world.ledger.followed.push(record);
    this.#dues.add(record);
    try {
      const leaders = this.#coord.election(name).observe({ signal: this.#ending.signal });
      for await (const leader of leaders) record.shown.push(leaderText(leader));
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
}
