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
  /** The moment that was held next. */
  next: Moment | null = null;
  readonly #images: NodeStore = new NodeStore(imagesShift);
  /** By the node's number: that of its image. */
  readonly #kept: Map<number, number> = new Map();

  get isUntouched(): boolean {
    return this.#kept.size === 0;
  }

  keep(node: TreeNode): void {
    if (!this.#kept.has(node.slot)) this.#kept.set(node.slot, this.#images.copy(node));
  }

  bear(slot: number): void {
    if (!this.#kept.has(slot)) this.#kept.set(slot, unborn);
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
 * it, and the tree knows the last one weakly: what nobody holds any more is collected, and then nothing is kept.
 */
export class Moments {
  #last: WeakRef<Moment> | null = null;

  /** Holds the nodes as they are now. `slots`: a copy that nobody changes. O(1). */
  hold(slots: SortedMap<number>, store: NodeStore): FrozenNodes {
    const last = this.#held();
    if (last?.isUntouched === true) return new FrozenNodes(slots, store, last);
    const moment = new Moment();
    if (last !== null) last.next = moment;
    this.#last = new WeakRef(moment);
    return new FrozenNodes(slots, store, moment);
  }

  /** To be called before a node changes or goes. */
  keep(node: TreeNode): void {
    if (this.#last !== null) this.#held()?.keep(node);
  }

  /** To be called for a node that comes. */
  bear(slot: number): void {
    if (this.#last !== null) this.#held()?.bear(slot);
  }

  #held(): Moment | null {
    const held = this.#last?.deref() ?? null;
    if (held === null) this.#last = null;
    return held;
  }
}
