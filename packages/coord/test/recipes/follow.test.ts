import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { attend } from "../../src/recipes/attend.ts";
import { follow } from "../../src/recipes/follow.ts";
import { shardPaths } from "../../src/recipes/shards/paths.ts";
import { View } from "../../src/recipes/shards/view.ts";
import { World } from "./world.ts";

/** Turns of the microtask queue between a watch that stands and whoever asked for it. */
const most = 16;

/** The session, but that `fire` runs so many turns after a watch of it stands. */
function firing(session: Session, turns: number, fire: () => void): Session {
  return new Proxy(session, {
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key, target);
      if (typeof found !== "function") return found;
      return (...args: readonly unknown[]): unknown => {
        const made: unknown = Reflect.apply(found, target, args);
        if (key === "watch" && made instanceof Promise) void made.then(() => later(turns, fire));
        return made;
      };
    },
  });
}

async function later(turns: number, fire: () => void): Promise<void> {
  for (let k = 0; k < turns; k += 1) await Promise.resolve();
  fire();
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

type Followed = (session: Session, signal: AbortSignal) => Promise<unknown>;

const ways: Readonly<Record<string, Followed>> = {
  "a stream": (session, signal) => drain(follow(session, { path: "/", kind: "data", signal })),
  "a wait": (session, signal) => attend(session, "/", signal, () => null).catch(() => {}),
  "a view of shards": (session, signal) => new View(shardPaths("shards", "x"), []).follow(session, signal),
};

test.each(Object.entries(ways))(
  "%s ends by its signal, also when that fires as its watch is armed",
  async (_, way) => {
    const world = await World.start(1);
    const { session } = await world.client();
    for (let turns = 0; turns < most; turns += 1) {
      const ending = new AbortController();
      const ended = way(
        firing(session, turns, () => ending.abort()),
        ending.signal,
      );
      await world.until(ended);
      expect(ending.signal.aborted).toBe(true);
    }
  },
);
