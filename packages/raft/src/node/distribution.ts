/** How often values fell at or below each bound. */
export interface Buckets {
  /** Ascending. */
  readonly bounds: readonly number[];
  /** Values at or below `bounds[k]`, those of lower buckets among them. */
  readonly counts: readonly number[];
  readonly sum: number;
  /** All values, those above the last bound among them. */
  readonly count: number;
}

/** Upper bounds for durations, seconds. */
export const secondBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Upper bounds for entries in a batch. */
export const entryBounds: readonly number[] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** A histogram with fixed bounds. Observing allocates nothing. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** A copy as of now. */
  buckets(): Buckets {
    let count = 0;
    const counts: number[] = [];
    for (const each of this.#counts) {
      count += each;
      counts.push(count);
    }
    counts.pop();
    return { bounds: this.#bounds, counts, sum: this.#sum, count };
  }
}
