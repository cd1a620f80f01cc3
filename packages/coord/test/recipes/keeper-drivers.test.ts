import { afterEach, beforeEach, expect, test } from "vitest";
import type { KeptWorker } from "../../src/recipes/keeper/api.ts";
import { functionDriver } from "../../src/recipes/keeper/drivers.ts";
import { isPending, rejection, World } from "./world.ts";

const uncaught: unknown[] = [];
const onUncaught = (error: unknown): void => void uncaught.push(error);

beforeEach(() => {
  uncaught.length = 0;
  process.prependListener("uncaughtException", onUncaught);
});

afterEach(() => {
  process.removeListener("uncaughtException", onUncaught);
});

const fail = (): never => {
  throw new Error("EPERM");
};
const ignore = (): void => {};
const never = new Promise<string>(ignore);
const failLater = async (): Promise<void> => {
  await Promise.resolve();
  fail();
};

/** How drivers fail, whatever their types say. */
const ways: readonly (readonly [string, () => void])[] = [
  ["throws", fail],
  ["rejects", failLater],
];

/** A keeper of one worker, and what happened to it. */
async function keeping(parts: (end: (how: string) => void) => Omit<KeptWorker, "ended">) {
  const world = await World.start();
  const { coord } = await world.client();
  let end: (how: string) => void = ignore;
  const driver = (): KeptWorker => {
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    return { ended, ...parts((how) => end(how)) };
  };
  const stop = new AbortController();
  const run = coord.keeper("k", { driver, drainMs: 500 }).run({ signal: stop.signal });
  await world.pass(1_000);
  stop.abort();
  return { world, coord, run, end: () => end("ended") };
}

test.each(ways)(
  "a worker that is asked to end by a driver that %s is made to once its time is over",
  async (_how, stop) => {
    let killedAtMs = 0;
    const { world, run } = await keeping((end) => ({
      stop,
      kill: () => {
        killedAtMs = world.kernel.nowMs;
        end("killed");
      },
    }));
    const stoppedAtMs = world.kernel.nowMs;
    await world.until(run);
    expect(Math.round(killedAtMs - stoppedAtMs)).toBe(500);
    expect(uncaught).toEqual([]);
  },
);

test.each(ways)("a worker that a driver which %s cannot make to end is waited for", async (_how, kill) => {
  const { world, coord, run, end } = await keeping(() => ({ stop: kill, kill }));
  await world.pass(5_000);
  expect(await isPending(run)).toBe(true);
  // Its slot is another's by now, as far as its driver goes.
  expect((await world.until(coord.keeper("k").status())).slots).toMatchObject([{ state: "vacant" }]);
  end();
  await world.until(run);
  expect(uncaught).toEqual([]);
});

/** What callers without types take for drivers. */
const noDrivers: readonly (readonly [string, (begin: () => void) => unknown])[] = [
  ["the work itself", async (begin) => begin()],
  ["a function that makes a driver", (begin) => functionDriver(begin)],
  ["one without a way to end it", (begin) => (begin(), { ended: never })],
];

test.each(noDrivers)("%s is no driver: run says so, and begins it once", async (_what, drive) => {
  const world = await World.start();
  const { coord } = await world.client();
  let begun = 0;
  const driver = () => drive(() => void (begun += 1)) as KeptWorker;
  const run = coord.keeper("k", { driver }).run();
  const refused = await world.until(rejection(run), 5_000);
  expect(refused).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
    message: expect.stringMatching(/functionDriver/),
  });
  expect(begun).toBeLessThan(2);
});
