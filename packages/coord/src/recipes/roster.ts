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

  /** @param path of the node whose children are listed */
  constructor(path: string, reading: Reading<T>) {
    this.#prefix = `${path}/`;
    this.#reading = reading;
  }

  /** Sorted by id. */
  get all(): readonly T[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Takes in one event; null when it changed nothing here. */
  take(event: WatchEvent): RosterChange<T> | null {
    const before = this.#entries;
    if (event.type === "snapshot") {
      this.#entries = new Map();
      for (const { path, node } of event.nodes) this.#put(path, node);
      return this.#changeSince(before, event.revision);
    }
    this.#entries = new Map(before);
    this.#entries.delete(this.#idOf(event.path) ?? "");
    if (event.node !== null) this.#put(event.path, event.node);
    return this.#changeSince(before, event.revision);
  }

  #put(path: string, node: Node): void {
    const id = this.#idOf(path);
    const entry = id === null ? null : this.#reading.read(id, node);
    if (entry !== null) this.#entries.set(entry.id, entry);
  }

  /** Null for what is not right below the followed node. */
  #idOf(path: string): string | null {
    if (!path.startsWith(this.#prefix)) return null;
    const id = path.slice(this.#prefix.length);
    return id.includes("/") ? null : id;
  }

  #changeSince(before: ReadonlyMap<string, T>, revision: number): RosterChange<T> | null {
    const { isSame = () => true } = this.#reading;
    const { all } = this;
    const isOld = (entry: T): boolean => {
      const old = before.get(entry.id);
      return old !== undefined && isSame(entry, old);
    };
    const added = all.filter((entry) => !isOld(entry));
    const changed = all.filter((entry) => isOld(entry) && before.get(entry.id)?.revision !== entry.revision);
    const removed = [...before.values()].filter((old) => {
      const entry = this.#entries.get(old.id);
      return entry === undefined || !isSame(entry, old);
    });
    if (added.length + changed.length + removed.length === 0) return null;
    return { revision, all, added, changed, removed };
  }
}
