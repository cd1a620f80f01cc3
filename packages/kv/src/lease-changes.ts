import type { LeaseId } from "./types.ts";

/** Changes that are remembered one by one. */
const remembered = 1_024;

/** Which leases were granted, doomed or ended of late. Of this machine alone: replicas differ in it. */
export class LeaseChanges {
  readonly #recent: LeaseId[] = [];
  #count = 0;
  /** Nothing before it is remembered. */
  #floor = 0;

  /** How many there have been; only grows. */
  get count(): number {
    return this.#count;
  }

  note(id: LeaseId): void {
    this.#recent[this.#count % remembered] = id;
    this.#count += 1;
  }

  /** The leases that changed since there had been `count` changes; null when that is too long ago. */
  since(count: number): ReadonlySet<LeaseId> | null {
    if (count < Math.max(this.#floor, this.#count - remembered)) return null;
    const found = new Set<LeaseId>();
    for (let k = count; k < this.#count; k += 1) found.add(this.#recent[k % remembered] ?? "");
    return found;
  }

  /** Counts on from those of a state that this one takes the place of: anything may have changed. */
  follow(earlier: LeaseChanges): void {
    this.#count += earlier.count + 1;
    this.#floor = this.#count;
  }
}
