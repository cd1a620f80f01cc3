/** Values below this are told apart exactly; above, to one part in 64. */
const linear = 128;
const half = linear / 2;
const mostShift = 25;
const mostUnits = 2 ** 32 - 1;
const unitsPerMs = 10_000;

/** A histogram as plain data: the buckets that hold something. */
export interface HistogramData {
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly maxUnits: number;
}

function bucketOf(units: number): number {
  const shift = Math.max(0, 25 - Math.clz32(units));
  return shift * half + (units >>> shift);
}

/** The highest value that falls into a bucket. */
function topOf(bucket: number): number {
  if (bucket < linear) return bucket;
  const shift = Math.floor(bucket / half) - 1;
  return (bucket - shift * half + 1) * 2 ** shift - 1;
}

/**
 * Counts durations in log-linear buckets: 0.1 µs is the unit, the error at most 1.6 %, the longest some
 * seven minutes. Recording allocates nothing.
 */
export class Histogram {
  readonly #counts: Float64Array = new Float64Array(mostShift * half + linear);
  #count = 0;
  #maxUnits = 0;

  /** How many were recorded. */
  get count(): number {
    return this.#count;
  }

  /** The longest, ms, exact to the unit. */
  get maxMs(): number {
    return this.#maxUnits / unitsPerMs;
  }

  /** Adds one duration; below zero counts as zero. */
  record(ms: number): void {
    const units = Math.min(mostUnits, Math.max(0, Math.round(ms * unitsPerMs)));
    const bucket = bucketOf(units);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    if (units > this.#maxUnits) this.#maxUnits = units;
  }

  /** The least duration, ms, that a share `q` (0 … 1) of all does not exceed; 0 when there is none. */
  quantileMs(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(topOf(bucket), this.#maxUnits) / unitsPerMs;
    }
    return 0;
  }

  /** Adds everything another one recorded. */
  add(data: HistogramData): void {
    for (const [bucket, count] of data.buckets) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#count += count;
    }
    this.#maxUnits = Math.max(this.#maxUnits, data.maxUnits);
  }

  /** What it holds, to be sent to another process. */
  toData(): HistogramData {
    const buckets = [...this.#counts.entries()].filter(([, count]) => count > 0);
    return { buckets, maxUnits: this.#maxUnits };
  }
}
