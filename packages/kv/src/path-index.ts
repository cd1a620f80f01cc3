import { filledArray } from "./filled-array.ts";
import { hashPrefix, hashText } from "./digest.ts";

const parts = 256;
const leastPlaces = 8;
/** A longer way from its place, which only somebody who looks for equal hashes would make, is not gone. */
const mostSteps = 64;

/** Where the paths are of what is found by them. */
export interface PathsBySlot {
  pathOf(slot: number): string;
}

/** Nothing stands there. */
export const noSlot = -1;

/** What marks a place as taken, and the first thing to be compared: never 0. */
function markOf(hash: number): number {
  return hash === 0 ? 1 : hash;
}

/** An open table: each has the first free place from that of its hash on. */
class Part {
  readonly #paths: PathsBySlot;
  #marks = new Int32Array(leastPlaces);
  #slots = new Int32Array(leastPlaces);
  #used = 0;
  /** What found no place near enough. */
  readonly #strayed: Map<string, number> = new Map();

  constructor(paths: PathsBySlot) {
    this.#paths = paths;
  }

  get size(): number {
    return this.#used + this.#strayed.size;
  }

  /** What stands at the first `length` characters of a path. */
  get(path: string, length: number, hash: number): number {
    const mark = markOf(hash);
    const marks = this.#marks;
    const mask = marks.length - 1;
    for (let place = mark & mask, steps = 0; steps < mostSteps; place = (place + 1) & mask, steps += 1) {
      const found = marks[place];
      if (found === 0) break;
      if (found !== mark) continue;
      const slot = this.#slots[place] ?? noSlot;
      const there = this.#paths.pathOf(slot);
      if (there.length !== length) continue;
      if (path.length === length ? path === there : path.startsWith(there)) return slot;
    }
    return this.#strayed.size === 0 ? noSlot : (this.#strayed.get(path.slice(0, length)) ?? noSlot);
  }

  /** Adds or replaces. */
  set(slot: number, path: string, hash: number): void {
    const mark = markOf(hash);
    const place = this.#placeOf(path, mark);
    if (place !== -1) this.#slots[place] = slot;
    else if (this.#strayed.has(path)) this.#strayed.set(path, slot);
    else if (!this.#add(slot, mark)) this.#strayed.set(path, slot);
  }

  delete(path: string, hash: number): void {
    const place = this.#placeOf(path, markOf(hash));
    if (place === -1) this.#strayed.delete(path);
    else this.#clear(place);
  }

  #placeOf(path: string, mark: number): number {
    const marks = this.#marks;
    const mask = marks.length - 1;
    for (let place = mark & mask, steps = 0; steps < mostSteps; place = (place + 1) & mask, steps += 1) {
      if (marks[place] === 0) return -1;
      if (marks[place] === mark && this.#paths.pathOf(this.#slots[place] ?? noSlot) === path) return place;
    }
    return -1;
  }

  /** False when there is no place near enough. */
  #add(slot: number, mark: number): boolean {
    if ((this.#used + 1) * 4 > this.#marks.length * 3) this.#grow();
    const marks = this.#marks;
    const mask = marks.length - 1;
    for (let place = mark & mask, steps = 0; steps < mostSteps; place = (place + 1) & mask, steps += 1) {
      if (marks[place] !== 0) continue;
      marks[place] = mark;
      this.#slots[place] = slot;
      this.#used += 1;
      return true;
    }
    return false;
  }

  #grow(): void {
    const marks = this.#marks;
    const slots = this.#slots;
    const places = marks.length * 2;
    this.#marks = new Int32Array(places);
    this.#slots = new Int32Array(places);
    this.#used = 0;
    for (const [place, mark] of marks.entries()) {
      const slot = slots[place] ?? noSlot;
      if (mark !== 0 && !this.#add(slot, mark)) this.#strayed.set(this.#paths.pathOf(slot), slot);
    }
  }

  /** Those behind it that would not be found beyond a free place move up. */
  #clear(cleared: number): void {
    const marks = this.#marks;
    const slots = this.#slots;
    const mask = marks.length - 1;
    let free = cleared;
    for (let next = (free + 1) & mask; ; next = (next + 1) & mask) {
      const mark = marks[next] ?? 0;
      if (mark === 0) break;
      if (((next - mark) & mask) < ((next - free) & mask)) continue;
      marks[free] = mark;
      slots[free] = slots[next] ?? noSlot;
      free = next;
    }
    marks[free] = 0;
    this.#used -= 1;
  }
}

/**
 * Finds the number of what stands at a path, by the hash that it has anyway (`hashText`). A table that doubles moves all
 * of its entries at once, a fifth of a second for a million; here only one of 256 does.
 */
export class PathIndex {
  readonly #paths: PathsBySlot;
  readonly #parts = filledArray<Part | undefined>(parts, undefined);
  #size = 0;

  constructor(paths: PathsBySlot) {
    this.#paths = paths;
  }

  get size(): number {
    return this.#size;
  }

  /** `noSlot` when there is nothing. */
  get(path: string): number {
    const hash = hashText(path);
    return this.#parts[hash >>> 24]?.get(path, path.length, hash) ?? noSlot;
  }

  /** What stands at the first `length` characters of a path; `noSlot` when there is nothing. */
  getPrefix(path: string, length: number): number {
    const hash = hashPrefix(path, length);
    return this.#parts[hash >>> 24]?.get(path, length, hash) ?? noSlot;
  }

  /** Adds or replaces. */
  set(slot: number, path: string, hash: number): void {
    const part = (this.#parts[hash >>> 24] ??= new Part(this.#paths));
    const before = part.size;
    part.set(slot, path, hash);
    this.#size += part.size - before;
  }

  /** Removes what stands at a path. */
  delete(path: string, hash: number): void {
    const part = this.#parts[hash >>> 24];
    if (part === undefined) return;
    const before = part.size;
    part.delete(path, hash);
    this.#size += part.size - before;
  }
}
