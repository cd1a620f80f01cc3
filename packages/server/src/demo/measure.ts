/**
 * The longest time without a success that touches the window: from the last success before it to the first
 * after. `stamps` rise.
 */
export function longestGap(stamps: readonly number[], fromMs: number, toMs: number): number {
  let longest = 0;
  let before = fromMs;
  for (const stamp of stamps) {
    if (stamp < fromMs) {
      before = stamp;
      continue;
    }
    longest = Math.max(longest, stamp - before);
    before = stamp;
    if (stamp >= toMs) return longest;
  }
  return Math.max(longest, toMs - before);
}

/** Moments of success, oldest first; old ones are forgotten. */
export class Stamps {
  readonly #stamps: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(atMs: number): void {
    this.#stamps.push(atMs);
    this.#count += 1;
    if (this.#stamps.length > 2 * keptStamps) this.#stamps.splice(0, keptStamps);
  }

  longestGap(fromMs: number, toMs: number): number {
    return longestGap(this.#stamps, fromMs, toMs);
  }
}

const keptStamps = 50_000;

interface Vacancy {
  readonly fromMs: number;
  toMs: number | null;
}

/** When nobody led: from the death of the leader, or from the moment the place was seen vacant, to the next leader. */
export class Vacancies {
  readonly #vacancies: Vacancy[] = [];
  #epoch: number | null = null;
  #holder: string | null = null;
  #dead = false;

  constructor(fromMs: number) {
    this.#vacancies.push({ fromMs, toMs: null });
  }

  /** What was seen: a leader and its epoch, or nobody. */
  seen(leader: { readonly id: string; readonly epoch: number } | null, atMs: number): void {
    if (leader === null) {
      this.#holder = null;
      this.#open(atMs);
      return;
    }
    if (leader.epoch !== this.#epoch) this.#dead = false;
    this.#epoch = leader.epoch;
    this.#holder = leader.id;
    const last = this.#vacancies.at(-1);
    if (!this.#dead && last?.toMs === null) last.toMs = atMs;
  }

  /** The process died or was stopped; if it leads, nobody does from now on. */
  down(id: string, atMs: number): void {
    if (this.#holder !== id) return;
    this.#dead = true;
    this.#open(atMs);
  }

  /** The longest vacancy that touches the window; an open one counts up to its end. */
  longest(fromMs: number, toMs: number): number {
    const touching = this.#vacancies.filter((each) => each.fromMs <= toMs && (each.toMs ?? toMs) >= fromMs);
    return Math.max(0, ...touching.map((each) => (each.toMs ?? toMs) - each.fromMs));
  }

  #open(atMs: number): void {
    if (this.#vacancies.at(-1)?.toMs === null) return;
    this.#vacancies.push({ fromMs: atMs, toMs: null });
  }
}

/** Median and maximum, whole milliseconds; null when there are none. */
export interface Spread {
  readonly p50: number | null;
  readonly max: number | null;
}

/** Of an even number of values, the lower of the two in the middle. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const p50 = sorted[Math.floor((sorted.length - 1) / 2)];
  const max = sorted.at(-1);
  return { p50: p50 === undefined ? null : Math.round(p50), max: max === undefined ? null : Math.round(max) };
}
