import { invariant } from "@flotilla/runtime";
import { NodePage } from "./node-page.ts";
import { TreeNode } from "./tree-node.ts";
import { noBytes } from "./values.ts";
import type { Chunk } from "./values.ts";

/** Nodes by number, in pages. A number is free for another node once its own was given back. */
export class NodeStore {
  readonly #pageSlots: number;
  readonly #shift: number;
  readonly #pages: NodePage[] = [];
  /** Numbers of the pages that are not full. */
  readonly #roomy: number[] = [];
  /** An empty page that keeps its memory: a node that comes and goes makes none anew each time. */
  #spare: NodePage | null = null;

  /** `shift`: a page has two to its power nodes. */
  constructor(shift: number) {
    this.#shift = shift;
    this.#pageSlots = 2 ** shift;
  }

  /** A node of which nothing is set yet. */
  allocate(): TreeNode {
    const at = this.#roomy.at(-1) ?? this.#grow();
    const page = this.#page(at);
    const index = page.allocate();
    if (page.isFull) this.#roomy.pop();
    return new TreeNode(page, index, at * this.#pageSlots + index);
  }

  /** The same node once more; returns its number here. */
  copy(node: TreeNode): number {
    const copy = this.allocate();
    copy.assign(node);
    return copy.slot;
  }

  node(slot: number): TreeNode {
    return new TreeNode(this.#page(slot >>> this.#shift), slot & (this.#pageSlots - 1), slot);
  }

  /** As `node`, by a look that is used again. */
  look(slot: number, node: TreeNode): void {
    node.move(this.#page(slot >>> this.#shift), slot & (this.#pageSlots - 1), slot);
  }

  free(slot: number): void {
    const at = slot >>> this.#shift;
    const page = this.#page(at);
    if (page.isFull) this.#roomy.push(at);
    page.free(slot & (this.#pageSlots - 1));
    if (page.used > 0) return;
    if (this.#spare === null || this.#spare.used > 0) this.#spare = page;
    else if (page !== this.#spare) page.drop();
  }

  pathOf(slot: number): string {
    return this.#pages[slot >>> this.#shift]?.paths[slot & (this.#pageSlots - 1)] ?? "";
  }

  chunkOf(slot: number): Chunk {
    return this.#pages[slot >>> this.#shift]?.chunks[slot & (this.#pageSlots - 1)] ?? noBytes;
  }

  #page(at: number): NodePage {
    const page = this.#pages[at];
    invariant(page !== undefined, "NodePage");
    return page;
  }

  #grow(): number {
    const at = this.#pages.length;
    this.#pages.push(new NodePage(this.#pageSlots));
    this.#roomy.push(at);
    return at;
  }
}
