import { invariant } from "@flotilla/runtime";
import { NodeStore } from "./node-store.ts";
import type { SortedMap } from "./sorted-map.ts";
import { newLook } from "./tree-node.ts";
import type { TreeNode } from "./tree-node.ts";

/** Small pages: most moments are held for few changes. */
const imagesShift = 4;
/** In place of an image: there was no node. */
const unborn = -1;

/** What nodes were like at a moment, as far as they changed between it and the next one. */
class Moment {
  /** The moment before, for as long as somebody can look at that one. */
  before: WeakRef<Moment> | null = null;
  /** The moment that was held next. */
  next: Moment | null = null;
  /** Who looks at it, but for those that do by the moments before. */
  holders = 0;
  #images: NodeStore = new NodeStore(imagesShift);
  /** By the node's number: that of its image. */
  #kept: Map<number, number> = new Map();

  get size(): number {
    return this.#kept.size;
  }

  keep(node: TreeNode): void {
    if (!this.#kept.has(node.slot)) this.#kept.set(node.slot, this.#images.copy(node));
  }

  bear(slot: number): void {
    if (!this.#kept.has(slot)) this.#kept.set(slot, unborn);
  }

  /**
   * Takes over what the next moment kept, which keeps nothing any more: of a node that did not change in between, that is
   * what it was here too. Copies the images of the one that has fewer: this happens amid other work.
   */
  takeOver(next: Moment): void {
    const isMore = next.size > this.size;
    const [kept, images] = isMore ? [this.#kept, this.#images] : [next.#kept, next.#images];
    if (isMore) {
      this.#kept = next.#kept;
      this.#images = next.#images;
    }
    next.#kept = new Map();
    next.#images = new NodeStore(imagesShift);
    for (const [slot, image] of kept) {
      const known = this.#kept.get(slot);
      if (known !== undefined && !isMore) continue;
      if (known !== undefined && known !== unborn) this.#images.free(known);
      this.#kept.set(slot, image === unborn ? unborn : this.#images.copy(images.node(image)));
    }
  }

  /** Has a look become one at the image of a node; false when there is none. */
  look(slot: number, node: TreeNode): boolean {
    const image = this.#kept.get(slot);
    if (image === undefined) return false;
    invariant(image !== unborn, "FrozenNode");
    this.#images.look(image, node);
    return true;
  }
}

/** All nodes at one moment, sorted by path, whatever became of them since. */
export class FrozenNodes {
  /** Their numbers; see {@link node}. */
  readonly slots: SortedMap<number>;
  readonly #store: NodeStore;
  readonly #moment: Moment;

  constructor(slots: SortedMap<number>, store: NodeStore, moment: Moment) {
    this.slots = slots;
    this.#store = store;
    this.#moment = moment;
  }

  get size(): number {
    return this.slots.size;
  }

  /** Images that are kept for as long as these nodes are. */
  get images(): number {
    let count = 0;
    for (let moment: Moment | null = this.#moment; moment !== null; moment = moment.next)
      count += moment.size;
    return count;
  }

  /** A node as it was. Good until the tree changes next. */
  node(slot: number): TreeNode {
    const node = newLook();
    this.look(slot, node);
    return node;
  }

  /** As {@link node}, by a look that is used again. */
  look(slot: number, node: TreeNode): void {
    for (let moment: Moment | null = this.#moment; moment !== null; moment = moment.next)
      if (moment.look(slot, node)) return;
    this.#store.look(slot, node);
  }

  /** As {@link node}. */
  get(path: string): TreeNode | undefined {
    const slot = this.slots.get(path);
    return slot === undefined ? undefined : this.node(slot);
  }
}

/**
 * Keeps what nodes were like before they change, for whoever holds an earlier moment. Each moment knows the one after
 * it, and the tree knows the last one weakly: what nobody holds any more is collected, and then nothing is kept. A
 * moment that is only known to the one before becomes part of it: whoever holds that one for long holds at most one
 * image of each node.
 */
export class Moments {
  #last: WeakRef<Moment> | null = null;
  readonly #gone: FinalizationRegistry<WeakRef<Moment>> = new FinalizationRegistry((moment) => {
    const left = moment.deref();
    if (left !== undefined) this.#leave(left);
  });

  /** Holds the nodes as they are now. `slots`: a copy that nobody changes. O(1). */
  hold(slots: SortedMap<number>, store: NodeStore): FrozenNodes {
    const last = this.#held();
    const moment = last?.size === 0 ? last : this.#begin(last);
    const nodes = new FrozenNodes(slots, store, moment);
    moment.holders += 1;
    this.#gone.register(nodes, new WeakRef(moment));
    return nodes;
  }

  /** To be called before a node changes or goes. */
  keep(node: TreeNode): void {
    if (this.#last !== null) this.#held()?.keep(node);
  }

  /** To be called for a node that comes. */
  bear(slot: number): void {
    if (this.#last !== null) this.#held()?.bear(slot);
  }

  #begin(last: Moment | null): Moment {
    const moment = new Moment();
    if (last !== null) {
      last.next = moment;
      moment.before = this.#last;
    }
    this.#last = new WeakRef(moment);
    return moment;
  }

  /** One of those who looked at a moment is gone. */
  #leave(moment: Moment): void {
    moment.holders -= 1;
    const { before, next } = moment;
    const earlier = before?.deref();
    if (moment.holders > 0 || earlier === undefined) return;
    earlier.takeOver(moment);
    earlier.next = next;
    if (next === null) this.#last = before;
    else next.before = before;
  }

  #held(): Moment | null {
    const held = this.#last?.deref() ?? null;
    if (held === null) this.#last = null;
    return held;
  }
}
