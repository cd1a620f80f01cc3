import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import type { CallOptions } from "../../src/client/read-api.ts";
import { createBarrier } from "../../src/recipes/barrier/barrier.ts";
import { createCounter } from "../../src/recipes/counter.ts";
import { createGroup } from "../../src/recipes/group/group.ts";
import { createKeeper } from "../../src/recipes/keeper/keeper.ts";
import { createQueue } from "../../src/recipes/queue/queue.ts";
import { pause } from "../../src/recipes/pause.ts";
import { overridden } from "./overridden.ts";
import { World } from "./world.ts";

const callMs = 300;

type Options = CallOptions | undefined;

/** A session whose writes take a while, and tell of the time that they are given. */
function slow(session: Session, told: (timeoutMs: number | undefined) => void): Session {
  const after = async <T>(options: Options, call: () => Promise<T>): Promise<T> => {
    told(options?.timeoutMs);
    await pause(session.clock, callMs);
    return call();
  };
  const add: Session["add"] = (path, by, options) => after(options, () => session.add(path, by, options));
  const put: Session["put"] = (path, value, options) =>
    after(options, () => session.put(path, value, options));
  const create: Session["create"] = (path, value, options) =>
    after(options, () => session.create(path, value, options));
  return overridden(session, { add, create, put });
}

const writes: Readonly<Record<string, (session: Session, options: CallOptions) => Promise<unknown>>> = {
  "counter add": (session, options) => createCounter(session, "x").add(1, options),
  "barrier set": (session, options) => createBarrier(session, "x").set(options),
  "group join": (session, options) => createGroup(session, "x").join({}, options),
  "queue put": (session, options) => createQueue(session, "x").put("a", options),
  "keeper scale": (session, options) => createKeeper(session, "x").scale(1, options),
};

test.each(Object.entries(writes))(
  "%s that has to make a parent first takes the caller's time once",
  async (_, write) => {
    const world = await World.start(1);
    const { session } = await world.client();
    const given: (number | undefined)[] = [];
    const late: number[] = [];
    const untilMs = session.clock.now() + 10_000;
    const watched = slow(session, (timeoutMs = Number.NaN) => {
      given.push(timeoutMs);
      const lateMs = Math.round(session.clock.now() + timeoutMs - untilMs);
      if (lateMs !== 0) late.push(lateMs);
    });
    await world.until(write(watched, { timeoutMs: 10_000 }));
    expect(given.length).toBeGreaterThan(2);
    expect(given[0]).toBe(10_000);
    expect(given.at(-1)).toBeLessThanOrEqual(10_000 - 2 * callMs);
    // Each call has what those before it left.
    expect(late).toEqual([]);
  },
);
