import { setImmediate as turn } from "node:timers/promises";
import { keyCount } from "../clients/client.ts";
import { Histogram } from "./histogram.ts";
import { measureInterval } from "./interval.ts";
import type { Measurable } from "./interval.ts";
import type { LoadResult, LoopOptions } from "./job.ts";
import type { Perform } from "./performer.ts";

/** Answers that need no event loop must not keep it from timers and sockets. */
const longestTurnMs = 5;

class Loop implements Measurable {
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
  async lane(perform: Perform): Promise<void> {
    let begun = performance.now();
    while (!this.#stopped) {
      await perform(Math.floor(Math.random() * keyCount));
      const now = performance.now();
      if (this.#measuring) this.histogram.record(now - begun);
      begun = now;
      if (now - this.#turnedMs > longestTurnMs) {
        await turn();
        begun = performance.now();
        this.#turnedMs = begun;
      }
    }
  }
}

/**
 * Keeps `depth` operations under way on every connection, each followed at once by the next: warms up, then
 * measures what is answered in the interval.
 * @throws Error as soon as one operation fails
 */
export async function closedLoop(connections: readonly Perform[], options: LoopOptions): Promise<LoadResult> {
  const loop = new Loop();
  const lanes = connections.flatMap((perform) =>
    Array.from({ length: options.depth }, () => loop.lane(perform)),
  );
  const ended = Promise.all(lanes).finally(() => loop.stop());
  return measureInterval(loop, ended, options);
}
