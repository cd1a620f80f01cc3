import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isPassing, openCoord, sleep } from "./actor.ts";
import type { Leadership } from "./coord-types.ts";
import { fenceRoot } from "./paths.ts";

const elections = 2;
const stallShare = 5;

/** Campaigns, leads for a while, writes behind its fence, and lets go, in order or not. */
export class Candidate {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  readonly #first: Coord | null;
  #count = 0;

  /** @param first a session that is there already; later ones are opened */
  constructor(actor: ActorProcess, first: Coord | null) {
    this.#actor = actor;
    this.#random = actor.random.fork("candidate");
    this.#first = first;
  }

  async run(): Promise<void> {
    let coord = this.#first;
    while (!this.#actor.isStopping()) {
      coord ??= await openCoord(this.#actor);
      if (coord === null) return;
      await this.#campaigns(coord);
      if (!coord.session.signal.aborted && coord !== this.#first) await coord.close();
      coord = null;
    }
  }

  async #campaigns(coord: Coord): Promise<void> {
    const { session } = coord;
    while (!session.signal.aborted && !this.#actor.isStopping()) {
      const name = `e${this.#random.below(elections)}`;
      try {
        if (this.#random.chance(0.25)) await this.#runOnce(coord, name);
        else await this.#campaignOnce(coord, name);
      } catch (error) {
        if (!isPassing(error)) throw error;
        await sleep(this.#actor, 200);
      }
    }
  }

  async #campaignOnce(coord: Coord, name: string): Promise<void> {
    const election = coord.election(name, { value: this.#actor.name, priority: this.#random.below(3) });
    const timeoutMs = 500 + this.#random.below(8000);
    const leadership = await election.campaign({ timeoutMs });
    await this.#lead(coord, name, leadership);
    if (this.#random.chance(0.8)) await leadership.release({ timeoutMs: 3000 });
    else await sleep(this.#actor, 1000);
  }

  async #runOnce(coord: Coord, name: string): Promise<void> {
    const ending = new AbortController();
    const timer = this.#actor.host.clock.setTimer(2000 + this.#random.below(8000), () => ending.abort());
    try {
      await coord
        .election(name, { value: this.#actor.name })
        .run((leadership) => this.#lead(coord, name, leadership), { signal: ending.signal });
    } finally {
      timer.cancel();
    }
  }

  async #lead(coord: Coord, name: string, leadership: Leadership): Promise<void> {
    const { world, clock, name: process, machine } = this.#actor;
    const where = { object: name, process, machine, maxStallMs: coord.session.ttlMs / stallShare };
    world.beliefs.begun(leadership, where, clock);
    const rounds = 1 + this.#random.below(6);
    for (let round = 0; round < rounds && !leadership.signal.aborted; round += 1) {
      await this.#writeFenced(coord, name, leadership);
      if (this.#random.chance(0.3)) await this.#proclaim(leadership);
      await sleep(this.#actor, 50 + this.#random.below(900));
    }
  }

  async #proclaim(leadership: Leadership): Promise<void> {
    try {
      await leadership.proclaim(`news ${this.#count}`, { timeoutMs: 2000 });
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
}
