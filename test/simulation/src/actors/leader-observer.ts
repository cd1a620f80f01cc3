import type { Coord } from "@flotilla/coord/node";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import type { FollowRecord } from "./followed.ts";
import { leaderText } from "./followed.ts";
import { electionNames, forcedElection } from "./paths.ts";

/** What was there when it began must have been shown after so long, ms, where nothing disturbs. */
const showingMs = 1000;

/** Follows who leads, for as long as one session lasts. */
export class LeaderObserver {
  readonly #actor: ActorProcess;
  readonly #coord: Coord;
  readonly #ending = new AbortController();
  readonly #records: FollowRecord[] = [];
  readonly #following: Promise<unknown>;

  constructor(actor: ActorProcess, coord: Coord) {
    this.#actor = actor;
    this.#coord = coord;
    this.#following = Promise.all([...electionNames, forcedElection].map((name) => this.#follow(name)));
    this.#following.catch(actor.world.crashed);
  }

  /** Ends it; when everybody comes to an end, only once it has shown everything. */
  async end(): Promise<void> {
    if (this.#actor.isStopping()) await caughtUp(this.#actor, this.#coord, this.#records);
    this.#ending.abort();
    await this.#following;
  }

  async #follow(name: string): Promise<void> {
    const record: FollowRecord = { what: `election/${name}`, who: this.#actor.name, shown: [], due: null };
    this.#actor.world.ledger.followed.push(record);
    this.#records.push(record);
    try {
      const leaders = this.#coord.election(name).observe({ signal: this.#ending.signal });
      for await (const leader of leaders) record.shown.push(leaderText(leader));
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
}

/** From now on these must have shown what is there by now. */
export async function caughtUp(
  actor: ActorProcess,
  { session }: Coord,
  records: readonly FollowRecord[],
): Promise<void> {
  const { revision } = actor.world.golden;
  try {
    await session.sync({ timeoutMs: 10_000 });
    await sleep(actor, showingMs);
    if (!session.signal.aborted) for (const record of records) record.due = revision;
  } catch (error) {
    if (!isPassing(error)) throw error;
  }
}
