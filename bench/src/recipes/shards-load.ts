import type { Coord, ShardMap } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import { Participant } from "./participants.ts";
import type { RecipeAnswers, ShardsJob } from "./requests.ts";

const name = "bench";
/** Nothing here takes so long, however busy the machine. */
const patienceMs = 60_000;
/** Of those that are to live on, however busy the one process is that they share. */
const longTtlMs = 60_000;

/** Follows the map of the shards, and tells when it became as asked. */
class Lookout {
  #map: ShardMap = new Map();
  #look: () => void = () => {};

  async follow(coord: Coord, count: number): Promise<void> {
    for await (const map of coord.shards(name, { count }).observe()) {
      this.#map = map;
      this.#look();
    }
  }

  /** Resolves with the time, ms, of the first map that is as asked. @throws Error when none is, and what it is instead */
  until(what: string, isAsAsked: (map: ShardMap) => boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(this.#report(what))), patienceMs);
      this.#look = () => {
        if (!isAsAsked(this.#map)) return;
        clearTimeout(timer);
        resolve(performance.now());
      };
      this.#look();
    });
  }

  #report(what: string): string {
    const sizes = [...sizesOf(this.#map).values()].toSorted((a, b) => a - b).join(" ");
    return `no map with ${what} within ${patienceMs} ms; owned are ${this.#map.size} shards: ${sizes}`;
  }
}

function sizesOf(map: ShardMap): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { id } of map.values()) sizes.set(id, (sizes.get(id) ?? 0) + 1);
  return sizes;
}

/** Everybody owns something, and as many as anybody else within one. */
function isEven(map: ShardMap, { count, participants }: ShardsJob): boolean {
  const sizes = sizesOf(map);
  return (
    map.size === count &&
    sizes.size === participants &&
    Math.min(...sizes.values()) >= Math.floor(count / participants)
  );
}

/** One of many dies, again and again; the first one leads at first. From the end of its lease until all is owned again, ms. */
export async function takeOver(job: ShardsJob): Promise<RecipeAnswers["shards"]> {
  const { ports, count, participants } = job;
  const endpoints = ports.map((port) => `127.0.0.1:${port}`);
  const lookout = new Lookout();
  const observer = await connect({ endpoints, sessionTtlMs: longTtlMs });
  const observing = lookout.follow(observer, count);
  const first = await Participant.start({ kind: "shards", ports, name, count });
  const others = await Promise.all(
    Array.from({ length: participants - 1 }, () => connect({ endpoints, sessionTtlMs: longTtlMs })),
  );
  const parts = others.map((coord) => coord.shards(name, { count }).run(() => {}));
  // None of these ends well before the rounds do.
  const ended = Promise.all([observing, ...parts]).then(() => {
    throw new Error("somebody takes part no more");
  });
  return { tookMs: await Promise.race([dieInTurn(first, lookout, job), ended]) };
}

async function dieInTurn(first: Participant, lookout: Lookout, job: ShardsJob): Promise<readonly number[]> {
  const { ports, count, rounds } = job;
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const mortal = round === 0 ? first : await Participant.start({ kind: "shards", ports, name, count });
    await lookout.until("an even share for everybody", (map) => isEven(map, job));
    await mortal.kill();
    const endedMs = await lookout.until("shards of the dead missing", (map) => map.size < count);
    tookMs.push((await lookout.until("all of them", (map) => map.size === count)) - endedMs);
  }
  return tookMs;
}
