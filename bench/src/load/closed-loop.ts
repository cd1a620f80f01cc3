import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { LoadClient } from "../clients/client.ts";
import { keyCount } from "../clients/client.ts";
import { readUsage, spent } from "../machine/usage.ts";
import { Histogram } from "./histogram.ts";
import type { LoadResult, LoopOptions, Operation } from "./job.ts";

/** Answers that need no event loop must not keep it from timers and sockets. */
const longestTurnMs = 5;

/** Runs an operation on a key. */
function performer(client: LoadClient, operation: Operation): (key: number) => Promise<void> {
  switch (operation) {
    case "set":
      return (key) => client.set(key);
    case "get":
      return (key) => client.get(key);
    default:
      return (key) => client.getLocal(key);
  }
}

class Loop {
  readonly histogram: Histogram = new Histogram();
  #measuring = false;
  #stopped = false;
  #turnedMs: number = performance.now();

  measure(): void {
    this.#measuring = true;
  }

  stop(): void {
    this.#measuring = false;
    this.#stopped = true;
  }

  /** One operation after the other, on keys at random. */
  async lane(perform: (key: number) => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      const begun = performance.now();
      await perform(Math.floor(Math.random() * keyCount));
      const now = performance.now();
      if (this.#measuring) this.histogram.record(now - begun);
      if (now - this.#turnedMs > longestTurnMs) {
        await turn();
        this.#turnedMs = performance.now();
      }
    }
  }
}

/**
 * Keeps `depth` operations under way on every client, each followed at once by the next: warms up, then
 * measures what is answered in the interval.
 * @throws Error as soon as one operation fails
 */
export async function closedLoop(clients: readonly LoadClient[], options: LoopOptions): Promise<LoadResult> {
  const { operation, depth, warmUpMs, measureMs, watched } = options;
  const loop = new Loop();
  const lanes = clients.flatMap((client) => {
    const perform = performer(client, operation);
    return Array.from({ length: depth }, () => loop.lane(perform));
  });
  const ended = Promise.all(lanes).finally(() => loop.stop());
  await Promise.race([pause(warmUpMs), ended]);
  const before = readUsage(watched);
  const from = process.hrtime.bigint();
  loop.measure();
  await Promise.race([pause(measureMs), ended]);
  loop.stop();
  const to = process.hrtime.bigint();
  const after = readUsage(watched);
  await ended;
  return {
    operations: loop.histogram.count,
    elapsedMs: Number(to - from) / 1e6,
    histogram: loop.histogram.toData(),
    spent: spent(before, after),
    fromUs: Number(from / 1000n),
    toUs: Number(to / 1000n),
  };
}
