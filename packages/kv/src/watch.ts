import { parentOf, prefixOf } from "./paths.ts";
import type { TreeEvent, WatchKind } from "./types.ts";

function isChild(path: string, parent: string): boolean {
  return path !== "/" && parentOf(path) === parent;
}

/** True when a watch of this kind at `path` sees the event. */
export function matches(event: TreeEvent, path: string, kind: WatchKind): boolean {
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

/** Who watches what. One watch for each id; finding those of an event costs by the depth of its path. */
export class WatchTable<Id> {
  readonly #watches: Map<Id, Watch> = new Map();
  readonly #byPath: Record<WatchKind, Map<string, Set<Id>>> = {
    data: new Map(),
    children: new Map(),
    recursive: new Map(),
  };

  /** Watches kept. */
  get size(): number {
    return this.#watches.size;
  }

  /** Adds a watch, in place of the one that had this id. */
  add(id: Id, path: string, kind: WatchKind): void {
    this.remove(id);
    this.#watches.set(id, { path, kind });
    const ids = this.#byPath[kind].get(path);
    if (ids === undefined) this.#byPath[kind].set(path, new Set([id]));
    else ids.add(id);
  }

  /** Removes a watch; false when there was none. */
  remove(id: Id): boolean {
    const watch = this.#watches.get(id);
    if (watch === undefined) return false;
    this.#watches.delete(id);
    const byPath = this.#byPath[watch.kind];
    const ids = byPath.get(watch.path);
    ids?.delete(id);
    if (ids?.size === 0) byPath.delete(watch.path);
    return true;
  }

  /** Calls `visit` once for every watch that sees the event. It may add and remove watches. */
  match(event: TreeEvent, visit: (id: Id) => void): void {
    const found: Id[] = [];
    this.#collect("data", event.path, found);
    if (event.type !== "changed") {
      this.#collect("children", event.path, found);
      if (event.path !== "/") this.#collect("children", parentOf(event.path), found);
    }
    if (this.#byPath.recursive.size > 0) {
      let path = event.path;
      this.#collect("recursive", path, found);
      while (path !== "/") {
        path = parentOf(path);
        this.#collect("recursive", path, found);
      }
    }
    for (const id of found) if (this.#watches.has(id)) visit(id);
  }

  #collect(kind: WatchKind, path: string, into: Id[]): void {
    const ids = this.#byPath[kind].get(path);
    if (ids !== undefined) for (const id of ids) into.push(id);
  }
}
