import type { Shard } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me } from "../me.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

const count = 2;

interface Owned {
  readonly me: Me;
  readonly shard: Shard;
}

/** Some who own shards until the end, others until they leave. */
function shards(stays: readonly boolean[]): (book: Book) => Play {
  return (book) => {
    const owned: Owned[] = [];
    const owning = (isStaying: boolean): Script => {
      return async (me) => {
        const own = me.coord.shards("x", { count, id: me.id, drainMs: 100 });
        const work = async (shard: Shard): Promise<void> => {
          me.took({ name: `shard ${shard.id}`, permits: 1, places: 1 }, shard);
          me.mayLose(shard);
          owned.push({ me, shard });
          await me.step();
        };
        const running = me.trying((signal) => own.run(work, { signal }));
        if (!isStaying) {
          await me.step();
          me.abort("end");
        }
        await running;
      };
    };
    const isOwned = (id: number): boolean =>
      owned.some(({ me, shard }) => shard.id === id && !shard.signal.aborted && !me.process.isDead);
    const mayWait = (waiting: readonly string[]): boolean => {
      for (let id = 0; id < count; id += 1)
        if (!isOwned(id)) book.broken("EveryShardIsOwned", { id, waiting });
      return true;
    };
    return { scripts: stays.map(owning), mayWait };
  };
}

/** Shards. */
export const shardings: readonly Scope[] = [
  ...everywhere({ name: "shards", title: "two who own shards", begin: shards([true, true]) }),
  ...everywhere({ name: "shards-leave", title: "one of two owners leaves", begin: shards([true, false]) }),
];
