import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import { leave, openCoord } from "./sessions.ts";
import type { Held } from "./coord-types.ts";
import { fenceRoot } from "./paths.ts";

const names = 2;
const stallShare = 5;
const permits = 3;
/** More than may ever read at once here: as many as whoever writes takes. */
const readers = 64;

/** One try to hold something. */
interface Attempt {
  readonly object: string;
  /** Of how many places it takes how many. */
  readonly places: number;
  readonly taken: number;
  readonly acquire: (timeoutMs: number) => Promise<Held | null>;
  /** True for a lock that whoever holds it may ask for again. */
  readonly isReentrant: boolean;
}

/** Takes locks, permits and sides of read-write locks, writes behind its fence, and lets go, in order or not. */
export class Locker {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  /** What was not given back. */
  readonly #kept = new Set<Held>();
  #count = 0;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("locker");
  }

  async run(): Promise<void> {
    while (!this.#actor.isStopping()) {
      const coord = await openCoord(this.#actor);
      if (coord === null) return;
      await this.#locks(coord);
      await leave(this.#actor, coord);
    }
  }

  async #locks(coord: Coord): Promise<void> {
    while (!coord.session.signal.aborted && !this.#actor.isStopping()) {
      try {
        const attempt = this.#attempt(coord);
        const held = await attempt.acquire(this.#patienceMs());
        if (held === null) await sleep(this.#actor, 100);
        else await this.#hold(coord, attempt, held);
        if (this.#random.chance(0.1)) return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        await sleep(this.#actor, 200);
      }
    }
  }

  /** Some who hold nothing else wait for as long as it takes: then somebody must be woken. */
  #patienceMs(): number {
    const isFree = [...this.#kept].every(({ signal }) => signal.aborted);
    const limitMs = 300 + this.#random.below(6000);
    return this.#random.chance(0.4) && isFree ? Number.POSITIVE_INFINITY : limitMs;
  }

  #attempt(coord: Coord): Attempt {
    const name = `l${this.#random.below(names)}`;
    const priority = this.#random.below(2);
    const isTry = this.#random.chance(0.3);
    const taken = 1 + this.#random.below(permits - 1);
    switch (this.#random.below(3)) {
      case 0: {
        const isReentrant = this.#random.chance(0.4);
        const lock = coord.lock(name, { priority, reentrant: isReentrant });
        const acquire = (timeoutMs: number): Promise<Held | null> =>
          isTry ? lock.tryAcquire({ timeoutMs }) : lock.acquire({ timeoutMs });
        return { object: `lock-${name}`, places: 1, taken: 1, acquire, isReentrant };
      }
      case 1: {
        const semaphore = coord.semaphore(name, { permits, priority });
        const acquire = (timeoutMs: number): Promise<Held | null> =>
          isTry
            ? semaphore.tryAcquire({ timeoutMs, permits: taken })
            : semaphore.acquire({ timeoutMs, permits: taken });
        return { object: `semaphore-${name}`, places: permits, taken, acquire, isReentrant: false };
      }
      default: {
        const { read, write } = coord.readWriteLock(name, { priority });
        const isWrite = this.#random.chance(0.4);
        const side = isWrite ? write : read;
        const acquire = (timeoutMs: number): Promise<Held | null> =>
          isTry ? side.tryAcquire({ timeoutMs }) : side.acquire({ timeoutMs });
        const places = { places: readers, taken: isWrite ? readers : 1 };
        return { object: `read-write-${name}`, ...places, acquire, isReentrant: false };
      }
    }
  }

  async #hold(coord: Coord, attempt: Attempt, held: Held): Promise<void> {
    const { object, places, taken, isReentrant } = attempt;
    const { world, clock, machine, isStopping } = this.#actor;
    const { session } = coord;
    this.#count += 1;
    const process = `${this.#actor.name}/lock ${this.#count}`;
    const maxStallMs = session.ttlMs / stallShare;
    this.#kept.add(held);
    world.beliefs.begun(held, { object, process, machine, maxStallMs, places, taken, session }, clock);
    const rounds = 1 + this.#random.below(4);
    for (let round = 0; round < rounds && !held.signal.aborted && !isStopping(); round += 1) {
      await this.#writeFenced(coord, object, held);
      if (places === 1 && this.#random.chance(0.5)) world.outside.send(this.#actor, object, held);
      if (isReentrant) await this.#nest(attempt);
      await sleep(this.#actor, 50 + this.#random.below(700));
    }
    if (this.#random.chance(0.85)) await this.#giveUp(held);
  }

  /** The same once more, for less long. */
  async #nest({ acquire }: Attempt): Promise<void> {
    const inner = await acquire(2000);
    await sleep(this.#actor, this.#random.below(100));
    await inner?.release({ timeoutMs: 3000 });
  }

  async #giveUp(held: Held): Promise<void> {
    this.#actor.world.beliefs.givenUp(held);
    this.#kept.delete(held);
    await held.release({ timeoutMs: 3000 });
  }

  async #writeFenced(coord: Coord, object: string, held: Held): Promise<void> {
    try {
      const options = { fence: held.fence, timeoutMs: 2000 };
      const value = `${this.#actor.name}-lock-${this.#count}`;
      const { revision } = await coord.session.put(`${fenceRoot}/${object}`, value, options);
      this.#actor.world.ledger.fenced.push({ object, epoch: held.epoch, revision });
    } catch (error) {
      const isRefused =
        FlotillaError.is(error, "ERR_FLOTILLA_FENCED") || FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND");
      if (!isRefused && !isPassing(error)) throw error;
    }
  }
}
