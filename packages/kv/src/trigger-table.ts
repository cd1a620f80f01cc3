import { PathMap } from "./path-map.ts";
import { parentOf } from "./paths.ts";
import type { Stat, TreeEvent } from "./types.ts";

/**
 * How ZooKeeper's clients watch: by `getData`, `exists` and `getChildren`, each for one trigger, or by `addWatch` until
 * removed.
 */
export type TriggerKind = "data" | "exists" | "children" | "persistent" | "persistent-recursive";

/** Which watches of a path to look for, as in ZooKeeper's `WatcherType`; `data` means those of `exists` too. */
export type TriggerKinds = Exclude<TriggerKind, "exists"> | "any";

/** What a watch tells: no values, and of the parent only that it has other children. */
export interface Trigger {
  readonly type: "node-created" | "node-deleted" | "node-data-changed" | "node-children-changed";
  readonly path: string;
  /** Of the change, or after a reconnect a revision that shows it. */
  readonly revision: number;
}

/** Paths by kind, as a client lists them on another connection. */
export type TriggerPaths = Readonly<Record<TriggerKind, readonly string[]>>;

/** The tree as it is. */
export interface TriggerTree {
  readonly revision: number;
  exists(path: string): Stat | null;
}

type Tell<Owner> = (owner: Owner, trigger: Trigger) => void;

const onNode = { created: "node-created", changed: "node-data-changed", deleted: "node-deleted" } as const;

/** Owners by path. */
class Owners<Owner> {
  readonly #byPath = new PathMap<Set<Owner>>();

  has(path: string, owner: Owner): boolean {
    return this.#byPath.get(path)?.has(owner) ?? false;
  }

  add(path: string, owner: Owner): void {
    const owners = this.#byPath.get(path);
    if (owners === undefined) this.#byPath.set(path, new Set([owner]));
    else owners.add(owner);
  }

  remove(path: string, owner: Owner): boolean {
    const owners = this.#byPath.get(path);
    if (owners?.delete(owner) !== true) return false;
    if (owners.size === 0) this.#byPath.delete(path);
    return true;
  }

  at(path: string): Iterable<Owner> {
    return this.#byPath.get(path) ?? [];
  }

  /** Those at a path and at those above it. */
  above(path: string): readonly ReadonlySet<Owner>[] {
    return this.#byPath.above(path);
  }

  /** Those at a path, from which they are removed. */
  take(path: string): Iterable<Owner> {
    const owners = this.at(path);
    this.#byPath.delete(path);
    return owners;
  }
}

/** The tables a watch of each kind stands in. */
const tablesOf = {
  data: ["dataOnce"],
  exists: ["dataOnce"],
  children: ["childrenOnce"],
  persistent: ["dataAlways", "childrenAlways"],
  "persistent-recursive": ["recursive"],
  any: ["dataOnce", "dataAlways", "childrenOnce", "childrenAlways", "recursive"],
} as const;

type Table = (typeof tablesOf)["any"][number];

/**
 * Watches with ZooKeeper's meaning, beside the streams that `WatchTable` serves: who is triggered by an event, and what
 * it is told. An owner, such as a connection, is told each trigger once, however many of its watches see it. Finding
 * those of an event costs by the length of its path.
 */
export class TriggerTable<Owner> {
  readonly #tree: TriggerTree;
  readonly #tables: Readonly<Record<Table, Owners<Owner>>> = {
    dataOnce: new Owners(),
    dataAlways: new Owners(),
    childrenOnce: new Owners(),
    childrenAlways: new Owners(),
    recursive: new Owners(),
  };
  /** Every path at which an owner has ever watched and may still do. */
  readonly #pathsOf = new Map<Owner, Set<string>>();

  constructor(tree: TriggerTree) {
    this.#tree = tree;
  }

  /** Watches a path. False when none is left: `data` and `children` need the node to be there. */
  add(owner: Owner, path: string, kind: TriggerKind): boolean {
    if ((kind === "data" || kind === "children") && this.#tree.exists(path) === null) return false;
    this.#arm(owner, path, kind);
    return true;
  }

  /** True when there is a watch of these kinds at just this path. */
  has(owner: Owner, path: string, kinds: TriggerKinds): boolean {
    return tablesOf[kinds].some((table) => this.#tables[table].has(path, owner));
  }

  /** Removes all watches of these kinds at just this path; false when there was none. */
  remove(owner: Owner, path: string, kinds: TriggerKinds): boolean {
    const removed = tablesOf[kinds].filter((table) => this.#tables[table].remove(path, owner));
    this.#forget(owner, path);
    return removed.length > 0;
  }

  /** Removes all watches of an owner. */
  removeOwner(owner: Owner): void {
    for (const path of this.#pathsOf.get(owner) ?? [])
      for (const table of tablesOf.any) this.#tables[table].remove(path, owner);
    this.#pathsOf.delete(owner);
  }

  /**
   * Tells an event of the tree to whom it triggers, and uses up what is for one trigger. Who is told is settled before
   * the first is: `tell` may add and remove watches.
   */
  fire(event: TreeEvent, tell: Tell<Owner>): void {
    const { type, path, revision } = event;
    const owners = new Set(this.#tables.dataAlways.at(path));
    this.#use("dataOnce", path, owners);
    for (const above of this.#tables.recursive.above(path)) for (const owner of above) owners.add(owner);
    if (type === "deleted") this.#collectChildren(path, owners);
    const parents = new Set<Owner>();
    const parent = parentOf(path);
    if (type !== "changed" && path !== "/") this.#collectChildren(parent, parents);
    for (const owner of owners) tell(owner, { type: onNode[type], path, revision });
    for (const owner of parents) tell(owner, { type: "node-children-changed", path: parent, revision });
  }

  /**
   * Watches again what an owner watched elsewhere, where it last saw revision `seen`: what differs for one trigger is
   * told at once, the rest is left. A node made and deleted meanwhile is no difference to `exists`.
   *
   * The others are left as they are, in ZooKeeper's way: what they missed is lost. To make up for it, tell them by
   * `catchUp` each event that history has after `seen`, in the same turn; when it has not, say that there is a gap.
   */
  rearm(owner: Owner, paths: TriggerPaths, seen: number, tell: Tell<Owner>): void {
    const { revision } = this.#tree;
    const differ = (path: string, stat: Stat | null, change: "mzxid" | "pzxid"): Trigger | null => {
      if (stat === null) return { type: "node-deleted", path, revision };
      if (stat[change] <= seen) return null;
      const type = change === "mzxid" ? "node-data-changed" : "node-children-changed";
      return { type, path, revision: stat[change] };
    };
    const again = (
      kind: TriggerKind,
      difference: (path: string, stat: Stat | null) => Trigger | null,
    ): void => {
      for (const path of paths[kind]) {
        const trigger = difference(path, this.#tree.exists(path));
        if (trigger === null) this.#arm(owner, path, kind);
        else tell(owner, trigger);
      }
    };
    again("data", (path, stat) => differ(path, stat, "mzxid"));
    again("exists", (path, stat) =>
      stat === null ? null : { type: "node-created", path, revision: stat.czxid },
    );
    again("children", (path, stat) => differ(path, stat, "pzxid"));
    again("persistent", () => null);
    again("persistent-recursive", () => null);
  }

  /** Tells an owner alone of an event that its watches for more than one trigger have missed. */
  catchUp(owner: Owner, event: TreeEvent, tell: (trigger: Trigger) => void): void {
    const { type, path, revision } = event;
    const { dataAlways, childrenAlways } = this.#tables;
    const sees = type === "deleted" && childrenAlways.has(path, owner);
    if (sees || dataAlways.has(path, owner) || this.#isBelowRecursive(path, owner))
      tell({ type: onNode[type], path, revision });
    const parent = parentOf(path);
    if (type !== "changed" && path !== "/" && childrenAlways.has(parent, owner))
      tell({ type: "node-children-changed", path: parent, revision });
  }

  #arm(owner: Owner, path: string, kind: TriggerKind): void {
    for (const table of tablesOf[kind]) this.#tables[table].add(path, owner);
    const paths = this.#pathsOf.get(owner);
    if (paths === undefined) this.#pathsOf.set(owner, new Set([path]));
    else paths.add(path);
  }

  #forget(owner: Owner, path: string): void {
    if (this.has(owner, path, "any")) return;
    const paths = this.#pathsOf.get(owner);
    paths?.delete(path);
    if (paths?.size === 0) this.#pathsOf.delete(owner);
  }

  #collectChildren(path: string, into: Set<Owner>): void {
    for (const owner of this.#tables.childrenAlways.at(path)) into.add(owner);
    this.#use("childrenOnce", path, into);
  }

  #isBelowRecursive(path: string, owner: Owner): boolean {
    return this.#tables.recursive.above(path).some((owners) => owners.has(owner));
  }

  #use(table: "dataOnce" | "childrenOnce", path: string, into: Set<Owner>): void {
    for (const owner of this.#tables[table].take(path)) {
      into.add(owner);
      this.#forget(owner, path);
    }
  }
}
