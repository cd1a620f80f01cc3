import type { Coord, ShardMap } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import { Participant } from "./participants.ts";
import type { RecipeAnswers, ShardsJob } from "./requests.ts";

const name = "bench";
const sessionTtlMs = 5_000;
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

  /** Resolves with the time, ms, of the first map that is as asked. */
  until(isAsAsked: (map: ShardMap) => boolean): Promise<number> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isAsAsked(this.#map)) resolve(performance.now());
      };
      this.#look();
    });
  }
}

/** Everybody owns something, and as many as anybody else within one. */
function isEven(map: ShardMap, { count, participants }: ShardsJob): boolean {
  const sizes = new Map<string, number>();
  for (const { id } of map.values()) sizes.set(id, (sizes.get(id) ?? 0) + 1);
  return (
    map.size === count &&
    sizes.size === participants &&
    Math.min(...sizes.values()) >= Math.floor(count / participants)
  );
}

/** One of many dies, again and again; the first one leads at first. From the end of its lease until all is owned again, ms. */
export async function takeOver(job: ShardsJob): Promise<RecipeAnswers["shards"]> {
  const { ports, count, participants, rounds } = job;
  const endpoints = ports.map((port) => `127.0.0.1:${port}`);
  const thread = { kind: "shards", ports, name, count, sessionTtlMs } as const;
  const lookout = new Lookout();
  const observer = await connect({ endpoints, sessionTtlMs: longTtlMs });
  void lookout.follow(observer, count);
  let mortal = await Participant.start(thread);
  const others = await Promise.all(
    Array.from({ length: participants - 1 }, () => connect({ endpoints, sessionTtlMs: longTtlMs })),
  );
  for (const coord of others) void coord.shards(name, { count }).run(() => {});
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0) mortal = await Participant.start(thread);
    await lookout.until((map) => isEven(map, job));
    await mortal.kill();
    const endedMs = await lookout.until((map) => map.size < count);
    tookMs.push((await lookout.until((map) => map.size === count)) - endedMs);
  }
  return { tookMs };
}
