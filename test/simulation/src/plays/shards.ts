import type { Shard } from "@flotilla/coord/client";
import type { Part } from "./part.ts";
import { believe, came, inRounds, letGoWhen, pause, writeFenced } from "./part.ts";

/** So many shards, under this name. */
const shardsName = "parts";
export const shardCount = 6;

/** Takes part in shards: works on those that it comes to own, for as long as it may or a little less, and now and then fails at it. */
export async function playShards(part: Part): Promise<void> {
  const { actor, coord, random, ending } = part;
  const drainMs = random.chance(0.5) ? 300 : 3000;
  const weight = 1 + random.below(2);
  const shards = coord.shards(shardsName, { count: shardCount, id: actor.name, drainMs, weight });
  const broken = new Error("this work fails");
  const isFailing = (): boolean => random.chance(0.02) && !actor.world.isCalm();
  await inRounds(part, async () => {
    try {
      await shards.run(
        async (shard) => {
          if (isFailing()) throw broken;
          await own(part, shard);
        },
        { signal: ending },
      );
    } catch (error) {
      if (error !== broken) throw error;
    }
  });
}

/** Some are at it until the shard is taken from them. */
async function own(part: Part, shard: Shard): Promise<void> {
  const { random } = part;
  const object = `shard-${shard.id}`;
  came(part, "shards/owned");
  believe(part, shard, object);
  letGoWhen(part, shard);
  const isLate = random.chance(0.3);
  while (!(isLate ? shard.signal : shard.draining).aborted) {
    await pause(part, 100, 1500);
    if (random.chance(0.3)) await writeFenced(part, shard, object);
    if (random.chance(0.05)) return;
  }
}
