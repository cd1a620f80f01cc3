import { stir } from "./digest.ts";
import { hashOfPath, PathMap } from "./path-map.ts";
import { isWithin, parentLength, parentOf, prefixOf } from "./paths.ts";
import type { TreeEvent, WatchKind } from "./types.ts";

function isChild(path: string, parent: string): boolean {
  return path !== "/" && parentOf(path) === parent;
}

/** True when a watch of this kind at `path` sees the event. */
export function matches(event: Pick<TreeEvent, "type" | "path">, path: string, kind: WatchKind): boolean {
  switch (kind) {
    case "data":
      return event.path === path;
    case "children":
      return event.type !== "changed" && (event.path === path || isChild(event.path, path));
    default:
      return event.path === path || event.path.startsWith(prefixOf(path));
  }
}

interface Watch {
  readonly path: string;
  readonly kind: WatchKind;
}

const lengthBuckets = 256;
/** Paths whose watches are counted before those that nobody will ask for are looked for. */
const fewCounted = 1_024;
const slash = 47;

/** Who watches what. One watch for each id; finding those of an event costs by the length of its path. */
export class WatchTable<Id> {
  readonly #watches: Map<Id, Watch> = new Map();
  /** How many watches there are of paths of each length, by its last bits: most paths have that of none. */
  readonly #lengths: Uint32Array = new Uint32Array(lengthBuckets);
  readonly #byPath: Record<WatchKind, Map<string, Set<Id>>> = {
    data: new Map(),
    children: new Map(),
    recursive: new Map(),
  };
  /** Hashes of the paths of recursive watches: no path above a deep one is looked up in vain. */
  readonly #recursive: Map<number, number> = new Map();
  /** Watches at and below some paths: those that somebody asked for. */
  readonly #within: PathMap<{ count: number }> = new PathMap();
  /** With so many counted it forgets before it counts another. */
  #mostCounted = fewCounted;
  readonly #isBounded: (top: string) => boolean;

  /** @param isBounded whether watches at and below a path will be asked for again. Default: none is */
  constructor(isBounded: (top: string) => boolean = () => false) {
    this.#isBounded = isBounded;
  }

  /** Watches kept. */
  get size(): number {
    return this.#watches.size;
  }

  /** Paths whose watches are counted: at most 1,024, or twice as many as will be asked for again. */
  get counted(): number {
    return this.#within.size;
  }

  /** Adds a watch, in place of the one that had this id. */
  add(id: Id, path: string, kind: WatchKind): void {
    this.remove(id);
    this.#watches.set(id, { path, kind });
    this.#count(path, kind, 1);
    const ids = this.#byPath[kind].get(path);
    if (ids === undefined) this.#byPath[kind].set(path, new Set([id]));
    else ids.add(id);
    this.#countWithin(path, 1);
  }

  /** How many watches there are at and below a path. O(1) from the first time on, for one that is bounded. */
  within(top: string): number {
    const known = this.#within.get(top);
    if (known !== undefined) return known.count;
    let count = 0;
    for (const { path } of this.#watches.values()) if (isWithin(path, top)) count += 1;
    if (this.#within.size >= this.#mostCounted) this.#forget();
    this.#within.set(top, { count });
    return count;
  }

  /** Removes a watch; false when there was none. */
  remove(id: Id): boolean {
    const watch = this.#watches.get(id);
    if (watch === undefined) return false;
    this.#watches.delete(id);
    this.#count(watch.path, watch.kind, -1);
    const byPath = this.#byPath[watch.kind];
    const ids = byPath.get(watch.path);
    ids?.delete(id);
    if (ids?.size === 0) byPath.delete(watch.path);
    this.#countWithin(watch.path, -1);
    return true;
  }

  /** Calls `visit` once for every watch that sees the event. It may add and remove watches. */
  match(event: TreeEvent, visit: (id: Id) => void): void {
    const { path, type } = event;
    const { data, children, recursive } = this.#byPath;
    const found: Id[] = [];
    const parent = parentLength(path);
    this.#collect(data, path, path.length, found);
    if (type !== "changed") {
      this.#collect(children, path, path.length, found);
      if (path !== "/") this.#collect(children, path, parent, found);
    }
    if (recursive.size > 0) {
      this.#collect(recursive, path, path.length, found);
      for (const length of this.#watchedAbove(path, parent).toReversed())
        this.#collect(recursive, path, length, found);
    }
    for (const id of found) if (this.#watches.has(id)) visit(id);
  }

  /** Forgets the counts of what is bounded no more. */
  #forget(): void {
    for (const top of this.#within.keys()) if (!this.#isBounded(top)) this.#within.delete(top);
    this.#mostCounted = Math.max(fewCounted, 2 * this.#within.size);
  }

  #countWithin(path: string, by: 1 | -1): void {
    for (const within of this.#within.above(path)) within.count += by;
  }

  /** Lengths of the paths above one, the longest of which has `parent`, that may have recursive watches; ascending. */
  #watchedAbove(path: string, parent: number): number[] {
    const lengths: number[] = [];
    if (path === "/") return lengths;
    let hash = stir(0, slash);
    if (this.#recursive.has(hash)) lengths.push(1);
    for (let at = 1; at < parent; at += 1) {
      hash = stir(hash, path.charCodeAt(at));
      if (path.charCodeAt(at + 1) === slash && this.#recursive.has(hash)) lengths.push(at + 1);
    }
    return lengths;
  }

  /** Those at the first `length` characters of a path. */
  #collect(byPath: ReadonlyMap<string, ReadonlySet<Id>>, path: string, length: number, into: Id[]): void {
    if (byPath.size === 0 || this.#lengths[length % lengthBuckets] === 0) return;
    const ids = byPath.get(length === path.length ? path : path.slice(0, length));
    if (ids !== undefined) for (const id of ids) into.push(id);
  }

  #count(path: string, kind: WatchKind, by: 1 | -1): void {
    const bucket = path.length % lengthBuckets;
    this.#lengths[bucket] = (this.#lengths[bucket] ?? 0) + by;
    if (kind !== "recursive") return;
    const hash = hashOfPath(path);
    const left = (this.#recursive.get(hash) ?? 0) + by;
    if (left === 0) this.#recursive.delete(hash);
    else this.#recursive.set(hash, left);
  }
}
