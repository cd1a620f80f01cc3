import { invariant } from "@flotilla/runtime";
import { AclTable } from "./access.ts";
import { BudgetTable } from "./budget-table.ts";
import type { Digest, ItemHash } from "./digest.ts";
import { Moments } from "./frozen-nodes.ts";
import type { FrozenNodes } from "./frozen-nodes.ts";
import { limits } from "./limits.ts";
import { NodeStore } from "./node-store.ts";
import { noSlot, PathIndex } from "./path-index.ts";
import { afterChildren, parentLength, prefixOf } from "./paths.ts";
import { SortedMap } from "./sorted-map.ts";
import { isOver, lifetime, sealNode } from "./tree-node.ts";
import type { NodeFacts, TreeNode } from "./tree-node.ts";
import type { ChildrenPage, LeaseId, ReapablePage, Usage } from "./types.ts";
import { ValueStore } from "./values.ts";
import type { ValueMark } from "./values.ts";

/** What happened to a node since `begin`; `image`: of one that was changed, the number of what it was before. */
interface Step {
  readonly type: "added" | "deleted" | "edited";
  readonly slot: number;
  readonly image: number;
}

const noImage = -1;
/** Pages of 128 nodes; of images, 16. */
const pageShift = 7;
const imagesShift = 4;

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
  readonly #store: NodeStore = new NodeStore(pageShift);
  readonly #index: PathIndex = new PathIndex(this.#store);
  /** Numbers of nodes, by path. */
  readonly #order: SortedMap<number> = new SortedMap((slot) => this.#store.node(slot).length);
  readonly #owned: Map<LeaseId, Set<string>> = new Map();
  /** The paths of all nodes that may end of their own accord. */
  readonly #mortal: SortedMap<true> = new SortedMap();
  /** The last two answers: a command asks for the same node and its parent several times. */
  #askedPath: string | null = null;
  #asked: TreeNode | undefined;
  #askedBeforePath: string | null = null;
  #askedBefore: TreeNode | undefined;
  readonly #moments: Moments = new Moments();
  #journal: Step[] | null = null;
  /** What nodes of the journal were before. */
  readonly #images: NodeStore = new NodeStore(imagesShift);
  /** Of deleted nodes, which can be looked at until the command has ended. */
  readonly #freed: number[] = [];
  #freedBefore = 0;
  #valuesBefore: ValueMark | null = null;

  constructor(digest: Digest, hash: ItemHash) {
    this.#digest = digest;
    this.#hash = hash;
    this.budgets = new BudgetTable(digest, hash, this);
  }

  get size(): number {
    return this.#index.size;
  }

  get(path: string): TreeNode | undefined {
    if (path === this.#askedPath) return this.#asked;
    if (path === this.#askedBeforePath) return this.#askedBefore;
    return this.#answer(path, this.#look(path));
  }

  /** The node above a path, whether there is one at the path or not; the root's is the root. */
  parentOf(path: string): TreeNode | undefined {
    const length = parentLength(path);
    const asked = this.#asked;
    if (asked?.path.length === length && path.startsWith(asked.path)) return asked;
    const before = this.#askedBefore;
    if (before?.path.length === length && path.startsWith(before.path)) return before;
    const slot = this.#index.getPrefix(path, length);
    if (slot === noSlot) return undefined;
    const found = this.#store.node(slot);
    return this.#answer(found.path, found);
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
    const node = this.#make(facts, value);
    this.#journal?.push({ type: "added", slot: node.slot, image: noImage });
    this.#link(node);
    return node;
  }

  /** As `add`, of a node that comes after all others, outside of `begin` and its end. */
  append(facts: NodeFacts, value: Uint8Array): void {
    const node = this.#make(facts, value);
    this.#askedPath = null;
    this.#askedBeforePath = null;
    this.#asked = undefined;
    this.#askedBefore = undefined;
    this.#order.append(facts.path, node.slot);
    this.#enter(node);
  }

  /** The node can still be looked at until `tidy`. */
  delete(node: TreeNode): void {
    this.#moments.keep(node);
    this.#journal?.push({ type: "deleted", slot: node.slot, image: noImage });
    this.#unlink(node);
  }

  /** The node is about to be changed, and then given to `settle`. */
  edit(node: TreeNode): void {
    this.#moments.keep(node);
    this.#journal?.push({ type: "edited", slot: node.slot, image: this.#images.copy(node) });
    this.#digest.remove(node.a, node.b);
  }

  /** Between `edit` and `settle`: replaces the value by a copy of the one given. */
  setValue(node: TreeNode, value: Uint8Array): void {
    this.#values.release(node);
    if (value.length !== node.length) this.#order.reweigh(node.path, value.length - node.length);
    node.valueHash = this.#values.put(node, value);
    this.#values.hold(node);
  }

  settle(node: TreeNode): void {
    sealNode(node, this.#hash);
    this.#digest.add(node.a, node.b);
  }

  /** Remembers every change from here on, until `commit` or `rollback`. */
  begin(): void {
    invariant(this.#journal === null, "OneJournal");
    this.#journal = [];
    this.#freedBefore = this.#freed.length;
    this.#valuesBefore = this.#values.mark();
    this.budgets.begin();
  }

  commit(): void {
    for (const { image } of this.#journal ?? []) if (image !== noImage) this.#images.free(image);
    this.#journal = null;
    this.#valuesBefore = null;
    this.budgets.commit();
  }

  /** Takes back every change since `begin`. */
  rollback(): void {
    const journal = this.#journal ?? [];
    this.budgets.rollback();
    this.#journal = null;
    this.#freed.length = this.#freedBefore;
    for (const step of journal.toReversed()) this.#undo(step);
    if (this.#valuesBefore !== null) this.#values.rewind(this.#valuesBefore);
    this.#journal = journal;
    this.commit();
  }

  /** To be called behind every command, also one undone: gives back memory that no node and no value uses. */
  tidy(): void {
    if (this.#freed.length > 0) {
      for (const slot of this.#freed) this.#store.free(slot);
      this.#freed.length = 0;
    }
    this.#values.tidy(this.#store);
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
    const parent = this.#look(path);
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
      const node = this.#look(path);
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
    const node = this.#look(path);
    return node === undefined ? nothing : this.usage(node);
  }

  /** Everything below a node, sorted by path. */
  below(path: string): TreeNode[] {
    const prefix = prefixOf(path);
    const found: TreeNode[] = [];
    this.#order.scan(prefix, (key, slot) => {
      if (!key.startsWith(prefix)) return false;
      if (key !== path) found.push(this.#store.node(slot));
      return true;
    });
    return found;
  }

  /** All nodes as they are now, untouched by later changes. O(1). */
  frozen(): FrozenNodes {
    return this.#moments.hold(this.#order.clone(), this.#store);
  }

  #look(path: string): TreeNode | undefined {
    const slot = this.#index.get(path);
    return slot === noSlot ? undefined : this.#store.node(slot);
  }

  /** Collects names from `from` on; returns where to go on behind the descendants of a child, null at the end. */
  #collectNames(from: string, walk: Walk): string | null {
    const { prefix, bornBy, names, most } = walk;
    let next: string | null = null;
    this.#order.scan(from, (path, slot) => {
      if (!path.startsWith(prefix) || names.length >= most || walk.looks === 0) return false;
      const slash = path.indexOf("/", prefix.length);
      if (slash === -1) {
        if (path.length === prefix.length) return true;
        walk.looks -= 1;
        walk.last = path.slice(prefix.length);
        if (this.#store.node(slot).czxid <= bornBy) names.push(walk.last);
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

  /** A node that stands nowhere yet. */
  #make(facts: NodeFacts, value: Uint8Array): TreeNode {
    const node = this.#store.allocate();
    this.#moments.bear(node.slot);
    node.begin(facts);
    node.valueHash = this.#values.put(node, value);
    sealNode(node, this.#hash);
    return node;
  }

  #link(node: TreeNode): void {
    const { path, slot } = node;
    invariant(this.get(path) === undefined, "TreeChange", { path });
    this.#learn(path, node);
    this.#order.set(path, slot);
    this.#enter(node);
  }

  #enter(node: TreeNode): void {
    this.#index.set(node.slot, node.path, node.pathHash);
    this.#digest.add(node.a, node.b);
    this.#values.hold(node);
    this.#list(node);
  }

  #unlink(node: TreeNode): void {
    const { path, slot } = node;
    invariant(this.get(path)?.slot === slot, "TreeChange", { path });
    this.#learn(path, undefined);
    this.#digest.remove(node.a, node.b);
    this.#index.delete(path, node.pathHash);
    this.#order.delete(path);
    this.#values.release(node);
    this.#unlist(node);
    this.#freed.push(slot);
  }

  #undo({ type, slot, image }: Step): void {
    const node = this.#store.node(slot);
    if (type === "added") this.#unlink(node);
    else if (type === "deleted") this.#link(node);
    else this.#become(node, this.#images.node(image));
  }

  #become(node: TreeNode, image: TreeNode): void {
    this.#digest.remove(node.a, node.b);
    this.#values.release(node);
    if (image.length !== node.length) this.#order.reweigh(node.path, image.length - node.length);
    node.assign(image);
    this.#values.hold(node);
    this.#digest.add(node.a, node.b);
  }

  /** What is at a path that was asked for last or before. */
  #learn(path: string, node: TreeNode | undefined): void {
    if (path === this.#askedPath) this.#asked = node;
    else this.#askedBefore = node;
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
