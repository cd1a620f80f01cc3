import { stir } from "./digest.ts";

const slash = 47;

/** That of a path goes on from those of the paths above it. */
export function hashOfPath(path: string): number {
  let hash = 0;
  for (let at = 0; at < path.length; at += 1) hash = stir(hash, path.charCodeAt(at));
  return hash;
}

/**
 * Values by path. What is kept for the paths above one is found in one pass over it: only where the hash of what has been
 * passed is that of some key is the key itself looked up, so that a deep path costs no more than its length.
 */
export class PathMap<V> {
  readonly #byPath: Map<string, V> = new Map();
  /** How many keys have each hash. */
  readonly #hashes: Map<number, number> = new Map();

  get size(): number {
    return this.#byPath.size;
  }

  /** In the order they came; those that come or go meanwhile are heeded. */
  keys(): IterableIterator<string> {
    return this.#byPath.keys();
  }

  get(path: string): V | undefined {
    return this.#byPath.get(path);
  }

  set(path: string, value: V): void {
    if (!this.#byPath.has(path)) this.#count(path, 1);
    this.#byPath.set(path, value);
  }

  /** False when there was none. */
  delete(path: string): boolean {
    if (!this.#byPath.delete(path)) return false;
    this.#count(path, -1);
    return true;
  }

  /** What is kept for a path and for those above it, from there upwards. */
  above(path: string): V[] {
    const found: V[] = [];
    if (this.#byPath.size === 0) return found;
    let hash = stir(0, slash);
    this.#collect(hash, "/", found);
    for (let at = 1; at < path.length; at += 1) {
      const code = path.charCodeAt(at);
      if (code === slash && this.#hashes.has(hash)) this.#collect(hash, path.slice(0, at), found);
      hash = stir(hash, code);
    }
    if (path.length > 1) this.#collect(hash, path, found);
    return found.toReversed();
  }

  #collect(hash: number, path: string, into: V[]): void {
    if (!this.#hashes.has(hash)) return;
    const value = this.#byPath.get(path);
    if (value !== undefined) into.push(value);
  }

  #count(path: string, by: 1 | -1): void {
    const hash = hashOfPath(path);
    const left = (this.#hashes.get(hash) ?? 0) + by;
    if (left === 0) this.#hashes.delete(hash);
    else this.#hashes.set(hash, left);
  }
}
