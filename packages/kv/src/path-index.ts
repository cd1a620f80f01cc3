import { hashPrefix, hashText } from "./digest.ts";
import { filledArray } from "./filled-array.ts";

const parts = 256;
const leastSlots = 8;
/** A longer way from its slot, which only somebody who looks for equal hashes would make, is not gone. */
const mostSteps = 64;

/** What is found by its path; `pathHash` is `hashText` of it. */
export interface AtPath {
  readonly path: string;
  readonly pathHash: number;
}

/** What marks a slot as taken, and the first thing to be compared: never 0. */
function markOf(hash: number): number {
  return hash === 0 ? 1 : hash;
}

/** An open table: each has the first free slot from that of its hash on. */
class Part<V extends AtPath> {
  #marks = new Int32Array(leastSlots);
  #values: (V | undefined)[] = filledArray(leastSlots, undefined);
  #used = 0;
  /** What found no slot near enough. */
  readonly #strayed: Map<string, V> = new Map();

  get size(): number {
    return this.#used + this.#strayed.size;
  }

  /** What stands at the first `length` characters of a path. */
  get(path: string, length: number, hash: number): V | undefined {
    const mark = markOf(hash);
    const marks = this.#marks;
    const mask = marks.length - 1;
    for (let slot = mark & mask, steps = 0; steps < mostSteps; slot = (slot + 1) & mask, steps += 1) {
      const found = marks[slot];
      if (found === 0) break;
      if (found !== mark) continue;
      const value = this.#values[slot];
      if (value === undefined || value.path.length !== length) continue;
      if (path.length === length ? path === value.path : path.startsWith(value.path)) return value;
    }
    return this.#strayed.size === 0 ? undefined : this.#strayed.get(path.slice(0, length));
  }

  /** Adds or replaces. */
  set(value: V): void {
    const slot = this.#slotOf(value.path, markOf(value.pathHash));
    if (slot !== -1) this.#values[slot] = value;
    else if (this.#strayed.has(value.path)) this.#strayed.set(value.path, value);
    else this.#add(value);
  }

  delete({ path, pathHash }: AtPath): void {
    const slot = this.#slotOf(path, markOf(pathHash));
    if (slot === -1) this.#strayed.delete(path);
    else this.#clear(slot);
  }

  #slotOf(path: string, mark: number): number {
    const marks = this.#marks;
    const mask = marks.length - 1;
    for (let slot = mark & mask, steps = 0; steps < mostSteps; slot = (slot + 1) & mask, steps += 1) {
      if (marks[slot] === 0) return -1;
      if (marks[slot] === mark && this.#values[slot]?.path === path) return slot;
    }
    return -1;
  }

  #add(value: V): void {
    if ((this.#used + 1) * 4 > this.#marks.length * 3) this.#grow();
    const mark = markOf(value.pathHash);
    const marks = this.#marks;
    const mask = marks.length - 1;
    for (let slot = mark & mask, steps = 0; steps < mostSteps; slot = (slot + 1) & mask, steps += 1) {
      if (marks[slot] !== 0) continue;
      marks[slot] = mark;
      this.#values[slot] = value;
      this.#used += 1;
      return;
    }
    this.#strayed.set(value.path, value);
  }

  #grow(): void {
    const values = this.#values;
    const slots = this.#marks.length * 2;
    this.#marks = new Int32Array(slots);
    this.#values = filledArray(slots, undefined);
    this.#used = 0;
    for (const value of values) if (value !== undefined) this.#add(value);
  }

  /** Those behind it that would not be found beyond a free slot move up. */
  #clear(slot: number): void {
    const marks = this.#marks;
    const values = this.#values;
    const mask = marks.length - 1;
    let free = slot;
    for (let next = (free + 1) & mask; ; next = (next + 1) & mask) {
      const mark = marks[next] ?? 0;
      if (mark === 0) break;
      if (((next - mark) & mask) < ((next - free) & mask)) continue;
      marks[free] = mark;
      values[free] = values[next];
      free = next;
    }
    marks[free] = 0;
    values[free] = undefined;
    this.#used -= 1;
  }
}

/**
 * Finds what stands at a path, by the hash that it has anyway. A table that doubles moves all of its entries at once, a
 * fifth of a second for a million; here only one of 256 does.
 */
export class PathIndex<V extends AtPath> {
  readonly #parts: (Part<V> | undefined)[] = Array.from({ length: parts });
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(path: string): V | undefined {
    const hash = hashText(path);
    return this.#parts[hash >>> 24]?.get(path, path.length, hash);
  }

  /** What stands at the first `length` characters of a path. */
  getPrefix(path: string, length: number): V | undefined {
    const hash = hashPrefix(path, length);
    return this.#parts[hash >>> 24]?.get(path, length, hash);
  }

  /** Adds or replaces. */
  set(value: V): void {
    const part = (this.#parts[value.pathHash >>> 24] ??= new Part());
    const before = part.size;
    part.set(value);
    this.#size += part.size - before;
  }

  /** Removes what stands at the path of a value. */
  delete(value: AtPath): void {
    const part = this.#parts[value.pathHash >>> 24];
    if (part === undefined) return;
    const before = part.size;
    part.delete(value);
    this.#size += part.size - before;
  }
}
