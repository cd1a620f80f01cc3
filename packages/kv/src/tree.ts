import { invariant } from "@flotilla/runtime";
import { AclTable } from "./access.ts";
import { BudgetTable } from "./budget-table.ts";
import type { Digest, ItemHash } from "./digest.ts";
import { limits } from "./limits.ts";
import { PathIndex } from "./path-index.ts";
import { afterChildren, parentLength, prefixOf } from "./paths.ts";
import { SortedMap } from "./sorted-map.ts";
import { copyNode, isOver, lifetime, makeNode, sealNode } from "./tree-node.ts";
import type { NodeFacts, TreeNode } from "./tree-node.ts";
import type { ChildrenPage, LeaseId, ReapablePage, Usage } from "./types.ts";
import { ValueStore } from "./values.ts";

/** A node in place of another: what was there is no longer changed, and may come back. */
interface Swap {
  readonly before: TreeNode | undefined;
  readonly after: TreeNode | undefined;
}

/** Which children are wanted. */
interface ChildrenBounds {
  readonly bornBy?: number;
  readonly looks?: number;
}

/** A walk along the children of a node. */
interface Walk {
  readonly prefix: string;
  readonly bornBy: number;
  readonly names: string[];
  /** Names to stop at. */
  readonly most: number;
  /** Children that may still be looked at. */
  looks: number;
  /** The last one. */
  last: string | null;
}

function lengthOf(node: TreeNode): number {
  return node.length;
}

const emptySet: ReadonlySet<string> = new Set();
const nothing: Usage = { nodes: 0, bytes: 0 };

/** All nodes, in order, with the index of who owns which. Knows nothing of rules. */
export class Tree {
  /** Access lists, each kept once. */
  readonly acls: AclTable = new AclTable();
  /** What may be used where. */
  readonly budgets: BudgetTable;
  readonly #digest: Digest;
  readonly #hash: ItemHash;
  readonly #values: ValueStore = new ValueStore();
  readonly #nodes: PathIndex<TreeNode> = new PathIndex();
  readonly #order: SortedMap<TreeNode> = new SortedMap(lengthOf);
  readonly #owned: Map<LeaseId, Set<string>> = new Map();
  /** The paths of all nodes that may end of their own accord. */
  readonly #mortal: SortedMap<true> = new SortedMap();
  readonly #find = (path: string): TreeNode | undefined => this.#nodes.get(path);
  /** The last two answers: a command asks for the same node and its parent several times. */
  #askedPath: string | null = null;
  #asked: TreeNode | undefined;
  #askedBeforePath: string | null = null;
  #askedBefore: TreeNode | undefined;
  #journal: Swap[] | null = null;
  #generation = 0;
  /** Nodes of this generation on belong to the tree alone; older ones are copied before they are changed. */
  #ownFrom = 0;
  #ownFromBefore = 0;

  constructor(digest: Digest, hash: ItemHash) {
    this.#digest = digest;
    this.#hash = hash;
    this.budgets = new BudgetTable(digest, hash, this);
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(path: string): TreeNode | undefined {
    if (path === this.#askedPath) return this.#asked;
    if (path === this.#askedBeforePath) return this.#askedBefore;
    return this.#answer(path, this.#nodes.get(path));
  }

  /** The node above a path, whether there is one at the path or not; the root's is the root. */
  parentOf(path: string): TreeNode | undefined {
    const length = parentLength(path);
    const asked = this.#asked;
    if (asked?.path.length === length && path.startsWith(asked.path)) return asked;
    const before = this.#askedBefore;
    if (before?.path.length === length && path.startsWith(before.path)) return before;
    const found = this.#nodes.getPrefix(path, length);
    return found === undefined ? undefined : this.#answer(found.path, found);
  }

  /** The paths that end with a lease; in no order. */
  owned(lease: LeaseId): ReadonlySet<string> {
    return this.#owned.get(lease) ?? emptySet;
  }

  /** All paths that end with a lease, by lease; in no order. */
  ephemerals(): Iterable<readonly [LeaseId, ReadonlySet<string>]> {
    return this.#owned;
  }

  /** Nodes that may end of their own accord. */
  get mortals(): number {
    return this.#mortal.size;
  }

  add(facts: NodeFacts, value: Uint8Array): TreeNode {
    const node = makeNode(facts, this.#generation);
    node.valueHash = this.#values.put(node, node.path, value);
    sealNode(node, this.#hash);
    this.#swap({ before: undefined, after: node });
    return node;
  }

  /** As `add`, of a node that comes after all others, outside of `begin` and its end. */
  append(facts: NodeFacts, value: Uint8Array): void {
    const node = makeNode(facts, this.#generation);
    node.valueHash = this.#values.put(node, node.path, value);
    sealNode(node, this.#hash);
    this.#askedPath = null;
    this.#askedBeforePath = null;
    this.#asked = undefined;
    this.#askedBefore = undefined;
    this.#nodes.set(node);
    this.#order.append(node.path, node);
    this.#digest.add(node.a, node.b);
    this.#values.hold(node);
    this.#list(node);
  }

  delete(node: TreeNode): void {
    this.#swap({ before: node, after: undefined });
  }

  /** The node itself or a copy in its place, to be changed and then given to `settle`. */
  edit(node: TreeNode): TreeNode {
    let own = node;
    if (node.generation < this.#ownFrom) {
      own = copyNode(node, this.#generation);
      this.#swap({ before: node, after: own });
    }
    this.#digest.remove(own.a, own.b);
    return own;
  }

  /** Between `edit` and `settle`: replaces the value by a copy of the one given. */
  setValue(node: TreeNode, value: Uint8Array): void {
    this.#values.release(node);
    if (value.length !== node.length) this.#order.reweigh(node.path, value.length - node.length);
    node.valueHash = this.#values.put(node, node.path, value);
    this.#values.hold(node);
  }

  settle(node: TreeNode): void {
    sealNode(node, this.#hash);
    this.#digest.add(node.a, node.b);
  }

  /** Remembers every change from here on, until `commit` or `rollback`. */
  begin(): void {
    this.#journal = [];
    this.budgets.begin();
    this.#ownFromBefore = this.#ownFrom;
    this.#keepOlder();
  }

  commit(): void {
    this.#journal = null;
    this.budgets.commit();
    this.#ownFrom = this.#ownFromBefore;
  }

  /** Takes back every change since `begin`. */
  rollback(): void {
    const journal = this.#journal ?? [];
    this.budgets.rollback();
    this.commit();
    for (const { before, after } of journal.toReversed()) this.#swap({ before: after, after: before });
  }

  /** To be called between commands: gives back memory that no value uses. */
  tidy(): void {
    this.#values.tidy(this.#find);
  }

  /**
   * The names of direct children, sorted, after `after`; null when there is no node. Only those that were there at
   * revision `bornBy` and ever since; a page also ends after `looks` children.
   */
  children(
    path: string,
    after: string | null,
    limit: number,
    { bornBy = Number.MAX_SAFE_INTEGER, looks = Number.MAX_SAFE_INTEGER }: ChildrenBounds = {},
  ): ChildrenPage | null {
    const parent = this.#nodes.get(path);
    if (parent === undefined) return null;
    const size = Math.min(Math.max(1, limit), limits.childrenPage);
    const prefix = prefixOf(path);
    const names: string[] = [];
    const walk = { prefix, bornBy, names, most: size + 1, looks, last: after };
    let from: string | null = after === null ? prefix : `${prefix}${after}\u0000`;
    if (parent.numChildren === 0) from = null;
    while (from !== null && walk.looks > 0) from = this.#collectNames(from, walk);
    if (names.length <= size) return { names, next: walk.looks > 0 ? null : walk.last };
    names.pop();
    return { names, next: names.at(-1) ?? null };
  }

  /** Nodes that are over at `timeMs`, at most `limit`, of the next `looks` that may end of their own accord. */
  reapable(timeMs: number, after: string | null, limit: number, looks: number): ReapablePage {
    const paths: string[] = [];
    let looked = 0;
    let last: string | null = null;
    let next: string | null = null;
    this.#mortal.scan(after === null ? "" : `${after}\u0000`, (path) => {
      if (looked === looks || paths.length === limit) {
        next = last;
        return false;
      }
      looked += 1;
      last = path;
      const node = this.#nodes.get(path);
      if (node !== undefined && isOver(node, timeMs)) paths.push(path);
      return true;
    });
    return { paths, next };
  }

  /** The node and everything below it. O(log n). */
  usage(node: TreeNode): Usage {
    if (node.path === "/") return { nodes: this.size, bytes: this.#order.measure("", null).weight };
    const { count, weight } = this.#order.measure(`${node.path}/`, afterChildren(node.path));
    return { nodes: count + 1, bytes: weight + node.length };
  }

  /** As `usage`, of whatever stands at a path. */
  used(path: string): Usage {
    const node = this.#nodes.get(path);
    return node === undefined ? nothing : this.usage(node);
  }

  /** Everything below a node, sorted by path. */
  below(path: string): TreeNode[] {
    const prefix = prefixOf(path);
    const found: TreeNode[] = [];
    this.#order.scan(prefix, (key, node) => {
      if (!key.startsWith(prefix)) return false;
      if (key !== path) found.push(node);
      return true;
    });
    return found;
  }

  /** All nodes as they are now, sorted by path, untouched by later changes. O(1). */
  frozen(): SortedMap<TreeNode> {
    this.#keepOlder();
    return this.#order.clone();
  }

  #keepOlder(): void {
    this.#generation += 1;
    this.#ownFrom = this.#generation;
  }

  /** Collects names from `from` on; returns where to go on behind the descendants of a child, null at the end. */
  #collectNames(from: string, walk: Walk): string | null {
    const { prefix, bornBy, names, most } = walk;
    let next: string | null = null;
    this.#order.scan(from, (path, { czxid }) => {
      if (!path.startsWith(prefix) || names.length >= most || walk.looks === 0) return false;
      const slash = path.indexOf("/", prefix.length);
      if (slash === -1) {
        if (path.length === prefix.length) return true;
        walk.looks -= 1;
        walk.last = path.slice(prefix.length);
        if (czxid <= bornBy) names.push(walk.last);
        return true;
      }
      next = afterChildren(path.slice(0, slash));
      return false;
    });
    return next;
  }

  #answer(path: string, node: TreeNode | undefined): TreeNode | undefined {
    this.#askedBeforePath = this.#askedPath;
    this.#askedBefore = this.#asked;
    this.#askedPath = path;
    this.#asked = node;
    return node;
  }

  #swap(swap: Swap): void {
    const { before, after } = swap;
    const path = (after ?? before)?.path;
    invariant(path !== undefined && this.get(path) === before, "TreeChange", { path });
    this.#journal?.push(swap);
    if (path === this.#askedPath) this.#asked = after;
    else this.#askedBefore = after;
    if (before !== undefined) this.#digest.remove(before.a, before.b);
    if (after === undefined) {
      if (before !== undefined) this.#nodes.delete(before);
      this.#order.delete(path);
    } else {
      this.#nodes.set(after);
      this.#order.set(path, after);
      this.#digest.add(after.a, after.b);
      this.#values.hold(after);
    }
    if (before !== undefined) this.#values.release(before);
    if (before === undefined && after !== undefined) this.#list(after);
    if (after === undefined && before !== undefined) this.#unlist(before);
  }

  #list({ path, owner, lifetime: own }: TreeNode): void {
    if (owner !== null) this.#own(owner, path);
    if (own !== lifetime.endless) this.#mortal.set(path, true);
  }

  #unlist({ path, owner, lifetime: own }: TreeNode): void {
    if (owner !== null) this.#disown(owner, path);
    if (own !== lifetime.endless) this.#mortal.delete(path);
  }

  #own(lease: LeaseId, path: string): void {
    this.budgets.own(lease, path);
    const paths = this.#owned.get(lease);
    if (paths === undefined) this.#owned.set(lease, new Set([path]));
    else paths.add(path);
  }

  #disown(lease: LeaseId, path: string): void {
    this.budgets.disown(lease, path);
    const paths = this.#owned.get(lease);
    paths?.delete(path);
    if (paths?.size === 0) this.#owned.delete(lease);
  }
}
