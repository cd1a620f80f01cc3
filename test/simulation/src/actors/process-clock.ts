import type { Clock } from "@flotilla/runtime";

const keptMoments = 4096;
const toleranceMs = 1e-6;

/** What the world's time was whenever one process ran, by that process's own clock. */
export class ProcessClock {
  readonly clock: Clock;
  readonly #nowMs: () => number;
  #local: number[] = [];
  #world: number[] = [];

  constructor(clock: Clock, nowMs: () => number) {
    this.clock = clock;
    this.#nowMs = nowMs;
  }

  /** The process just ran. */
  ran(): void {
    const local = this.clock.now();
    if (this.#local.at(-1) === local) return;
    this.#local.push(local);
    this.#world.push(this.#nowMs());
    if (this.#local.length < keptMoments * 2) return;
    this.#local = this.#local.slice(keptMoments);
    this.#world = this.#world.slice(keptMoments);
  }

  /** The world's time at which the process ran last with its clock at or before `localMs`. */
  worldMs(localMs: number): number {
    let low = 0;
    let high = this.#local.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#local[middle] ?? 0) <= localMs + toleranceMs) low = middle + 1;
      else high = middle;
    }
    return this.#world[low - 1] ?? 0;
  }
}
