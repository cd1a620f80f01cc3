import type { Node } from "@flotilla/kv";
import type { WatchEvent } from "../client/api.ts";

/** What a child of the followed node is made of. */
export interface Listed {
  /** The name of its node. */
  readonly id: string;
  /** Of its last change. */
  readonly revision: number;
}

/** Everything that is listed, and what became of it since the change before. */
export interface RosterChange<T> {
  /** Of what was told of. */
  readonly revision: number;
  /** Sorted by id. */
  readonly all: readonly T[];
  readonly added: readonly T[];
  readonly changed: readonly T[];
  /** As they were last seen. */
  readonly removed: readonly T[];
}

/** What is made of children. */
export interface Reading<T> {
  /** Null for what is not to be listed. */
  readonly read: (id: string, node: Node) => T | null;
  /** Whether it is still that one, not another under its id. Default: always. */
  readonly isSame?: (later: T, earlier: T) => boolean;
}

/** The children of a node, kept up to date by what a watch of it tells. */
export class Roster<T extends Listed> {
  readonly #prefix: string;
  readonly #reading: Reading<T>;
  #entries = new Map<string, T>();
  /** The same, sorted by id. */
  #sorted: T[] = [];

  /** @param path of the node whose children are listed */
  constructor(path: string, reading: Reading<T>) {
    this.#prefix = `${path}/`;
    this.#reading = reading;
  }

  /** Sorted by id. */
  get all(): readonly T[] {
    return [...this.#sorted];
  }

  /** Takes in one event; null when it changed nothing here. */
  take(event: WatchEvent): RosterChange<T> | null {
    if (event.type === "snapshot") return this.#takeAll(event.nodes, event.revision);
    const id = this.#idOf(event.path);
    if (id === null) return null;
    const old = this.#entries.get(id);
    const entry = event.node === null ? null : this.#reading.read(id, event.node);
    // Of many, one: nothing else is looked at.
    const from = this.#placeOf(id);
    this.#sorted.splice(from, old === undefined ? 0 : 1, ...(entry === null ? [] : [entry]));
    if (entry === null) this.#entries.delete(id);
    else this.#entries.set(id, entry);
    return this.#changeOf(old === undefined ? [] : [old], entry === null ? [] : [entry], event.revision);
  }

  #takeAll(
    nodes: readonly { readonly path: string; readonly node: Node }[],
    revision: number,
  ): RosterChange<T> | null {
    const before = this.#sorted;
    const found = nodes.flatMap(({ path, node }) => {
      const id = this.#idOf(path);
      return (id === null ? null : this.#reading.read(id, node)) ?? [];
    });
    this.#entries = new Map(found.map((entry) => [entry.id, entry]));
    this.#sorted = [...this.#entries.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return this.#changeOf(before, this.#sorted, revision);
  }

  /** Where it stands, or is to stand. */
  #placeOf(id: string): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#sorted[middle]?.id ?? id) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Null for what is not right below the followed node. */
  #idOf(path: string): string | null {
    if (!path.startsWith(this.#prefix)) return null;
    const id = path.slice(this.#prefix.length);
    return id.includes("/") ? null : id;
  }

  /** Some entries took the place of others. */
  #changeOf(before: readonly T[], after: readonly T[], revision: number): RosterChange<T> | null {
    const { isSame = () => true } = this.#reading;
    const earlier = new Map(before.map((entry) => [entry.id, entry]));
    const later = new Map(after.map((entry) => [entry.id, entry]));
    const isOld = (entry: T): boolean => {
      const old = earlier.get(entry.id);
      return old !== undefined && isSame(entry, old);
    };
    const added = after.filter((entry) => !isOld(entry));
    const changed = after.filter(
      (entry) => isOld(entry) && earlier.get(entry.id)?.revision !== entry.revision,
    );
    const removed = before.filter((old) => {
      const entry = later.get(old.id);
      return entry === undefined || !isSame(entry, old);
    });
    if (added.length + changed.length + removed.length === 0) return null;
    return { revision, all: this.all, added, changed, removed };
  }
}
