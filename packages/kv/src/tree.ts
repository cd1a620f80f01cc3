import { invariant } from "@flotilla/runtime";
import type { Digest } from "./digest.ts";
import { limits } from "./limits.ts";
import { prefixOf } from "./paths.ts";
import { SortedMap } from "./sorted-map.ts";
import type { TreeNode } from "./tree-node.ts";
import type { ChildrenPage, LeaseId } from "./types.ts";

interface Change {
  readonly before: TreeNode | undefined;
  readonly after: TreeNode | undefined;
}

const emptySet: ReadonlySet<string> = new Set();

/** All nodes, in order, with the index of who owns which. Knows nothing of rules. */
export class Tree {
  readonly #digest: Digest;
  readonly #nodes: Map<string, TreeNode> = new Map();
  readonly #order: SortedMap<TreeNode> = new SortedMap();
  readonly #owned: Map<LeaseId, Set<string>> = new Map();
  #journal: Change[] | null = null;

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(path: string): TreeNode | undefined {
    return this.#nodes.get(path);
  }

  /** The paths that end with a lease; in no order. */
  owned(lease: LeaseId): ReadonlySet<string> {
    return this.#owned.get(lease) ?? emptySet;
  }

  /** Adds (`before` undefined), replaces, or deletes (`after` undefined) one node. */
  change(before: TreeNode | undefined, after: TreeNode | undefined): void {
    this.#journal?.push({ before, after });
    this.#replace(before, after);
  }

  /** Remembers every change from here on, until `commit` or `rollback`. */
  begin(): void {
    this.#journal = [];
  }

  commit(): void {
    this.#journal = null;
  }

  /** Takes back every change since `begin`. */
  rollback(): void {
    const journal = this.#journal ?? [];
    this.#journal = null;
    for (const { before, after } of journal.toReversed()) this.#replace(after, before);
  }

  /** The names of direct children, sorted, after `after`; null when there is no node. */
  children(path: string, after: string | null, limit: number): ChildrenPage | null {
    const parent = this.#nodes.get(path);
    if (parent === undefined) return null;
    const size = Math.min(Math.max(1, limit), limits.childrenPage);
    const prefix = prefixOf(path);
    const names: string[] = [];
    let from: string | null = after === null ? prefix : `${prefix}${after}\u0000`;
    if (parent.numChildren === 0) from = null;
    while (from !== null) from = this.#collectNames(prefix, from, names, size + 1);
    if (names.length <= size) return { names, next: null };
    names.pop();
    return { names, next: names.at(-1) ?? null };
  }

  /** All nodes as they are now, sorted by path, untouched by later changes. O(1). */
  frozen(): SortedMap<TreeNode> {
    return this.#order.clone();
  }

  /** Collects names from `from` on; returns where to go on behind the descendants of a child, null at the end. */
  #collectNames(prefix: string, from: string, names: string[], limit: number): string | null {
    let next: string | null = null;
    this.#order.scan(from, (path) => {
      if (!path.startsWith(prefix) || names.length >= limit) return false;
      const slash = path.indexOf("/", prefix.length);
      if (slash === -1) {
        if (path.length > prefix.length) names.push(path.slice(prefix.length));
        return true;
      }
      // "0" follows "/": the first key that is not below this child.
      next = `${path.slice(0, slash)}0`;
      return false;
    });
    return next;
  }

  #replace(before: TreeNode | undefined, after: TreeNode | undefined): void {
    const path = (after ?? before)?.path;
    invariant(path !== undefined && this.#nodes.get(path) === before, "TreeChange", { path });
    if (before !== undefined) this.#digest.remove(before.a, before.b);
    if (after === undefined) {
      this.#nodes.delete(path);
      this.#order.delete(path);
    } else {
      this.#nodes.set(path, after);
      this.#order.set(path, after);
      this.#digest.add(after.a, after.b);
    }
    if (before === undefined && after !== undefined && after.owner !== null) this.#own(after.owner, path);
    if (after === undefined && before !== undefined && before.owner !== null)
      this.#disown(before.owner, path);
  }

  #own(lease: LeaseId, path: string): void {
    const paths = this.#owned.get(lease);
    if (paths === undefined) this.#owned.set(lease, new Set([path]));
    else paths.add(path);
  }

  #disown(lease: LeaseId, path: string): void {
    const paths = this.#owned.get(lease);
    paths?.delete(path);
    if (paths?.size === 0) this.#owned.delete(lease);
  }
}
