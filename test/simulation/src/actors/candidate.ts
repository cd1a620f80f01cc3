import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import { inSessions } from "./sessions.ts";
import type { Leadership } from "./coord-types.ts";
import { LeaderObserver } from "./leader-observer.ts";
import { electionNames, fenceRoot, forcedElection } from "./paths.ts";

const stallShare = 5;
const proclaimsAtOnce = 3;

/** Campaigns, leads for a while, writes behind its fence, and lets go, in order or not. */
export class Candidate {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  /** What was not given back. */
  readonly #kept = new Set<Leadership>();
  #count = 0;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("candidate");
  }

  run(): Promise<void> {
    return inSessions(this.#actor, async (coord) => {
      const observer = new LeaderObserver(this.#actor, coord);
      await this.#campaigns(coord);
      await observer.end();
    });
  }

  async #campaigns(coord: Coord): Promise<void> {
    const { session } = coord;
    while (!session.signal.aborted && !this.#actor.isStopping()) {
      const name = this.#random.chance(0.75) ? this.#pick(electionNames) : forcedElection;
      try {
        if (this.#random.chance(0.2))
          await coord.election(forcedElection).evict({ force: true, timeoutMs: 3000 });
        else if (this.#random.chance(0.25)) await this.#runOnce(coord, name);
        else await this.#campaignOnce(coord, name);
      } catch (error) {
        if (!isPassing(error)) throw error;
        await sleep(this.#actor, 200);
      }
    }
    for (const leadership of this.#kept) await this.#giveUp(leadership);
  }

  /** Some who hold nothing else wait for as long as it takes: then somebody must be woken. */
  #patienceMs(): number {
    const isFree = [...this.#kept].every(({ signal }) => signal.aborted);
    const limitMs = 500 + this.#random.below(8000);
    return this.#random.chance(0.4) && isFree ? Number.POSITIVE_INFINITY : limitMs;
  }

  async #campaignOnce(coord: Coord, name: string): Promise<void> {
    const election = coord.election(name, { value: this.#actor.name, priority: this.#random.below(3) });
    const leadership = await election.campaign({ timeoutMs: this.#patienceMs() });
    await this.#lead(coord, name, leadership);
    if (this.#random.chance(0.8)) return this.#giveUp(leadership);
    this.#kept.add(leadership);
    await sleep(this.#actor, 1000);
  }

  async #giveUp(leadership: Leadership): Promise<void> {
    this.#actor.world.beliefs.givenUp(leadership);
    this.#kept.delete(leadership);
    try {
      await leadership.release({ timeoutMs: 3000 });
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }

  async #runOnce(coord: Coord, name: string): Promise<void> {
    const { beliefs } = this.#actor.world;
    const ending = new AbortController();
    let leading: Leadership | null = null;
    const timer = this.#actor.host.clock.setTimer(2000 + this.#random.below(8000), () => {
      if (leading !== null) beliefs.givenUp(leading);
      ending.abort();
    });
    try {
      await coord.election(name, { value: this.#actor.name }).run(
        async (leadership) => {
          leading = leadership;
          await this.#lead(coord, name, leadership);
          beliefs.givenUp(leadership);
          // It would lead again at once, for no time, over and over.
          if (this.#actor.isStopping()) ending.abort();
        },
        { signal: ending.signal },
      );
    } finally {
      timer.cancel();
    }
  }

  async #lead(coord: Coord, name: string, leadership: Leadership): Promise<void> {
    const { world, clock, name: process, machine, isStopping } = this.#actor;
    const { session } = coord;
    const maxStallMs = session.ttlMs / stallShare;
    const where = { object: name, process, machine, maxStallMs, session, isForced: name === forcedElection };
    world.beliefs.begun(leadership, where, clock);
    const rounds = 1 + this.#random.below(6);
    for (let round = 0; round < rounds && !leadership.signal.aborted && !isStopping(); round += 1) {
      await this.#writeFenced(coord, name, leadership);
      if (this.#random.chance(0.5)) world.outside.send(this.#actor, name, leadership);
      if (this.#random.chance(0.3)) await this.#proclaim(leadership);
      if (name === forcedElection) this.#proclaimOften(leadership);
      await sleep(this.#actor, 50 + this.#random.below(900));
    }
  }

  /** So that some are on their way when its place is taken by force. */
  #proclaimOften(leadership: Leadership): void {
    for (let k = 0; k < proclaimsAtOnce; k += 1) this.#proclaim(leadership).catch(this.#actor.world.crashed);
  }

  async #proclaim(leadership: Leadership): Promise<void> {
    this.#count += 1;
    try {
      await leadership.proclaim(`news ${this.#count} of ${this.#actor.name}`, { timeoutMs: 2000 });
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }

  async #writeFenced(coord: Coord, name: string, leadership: Leadership): Promise<void> {
    this.#count += 1;
    const value = `${this.#actor.name}-${this.#count}`;
    try {
      const options = { fence: leadership.fence, timeoutMs: 2000 };
      const { revision } = await coord.session.put(`${fenceRoot}/${name}`, value, options);
      this.#actor.world.ledger.fenced.push({ object: name, epoch: leadership.epoch, revision });
    } catch (error) {
      const isRefused =
        FlotillaError.is(error, "ERR_FLOTILLA_FENCED") || FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND");
      if (!isRefused && !isPassing(error)) throw error;
    }
  }

  #pick(names: readonly string[]): string {
    return names[this.#random.below(names.length)] ?? forcedElection;
  }
}
