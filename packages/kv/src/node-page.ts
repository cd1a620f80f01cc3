import type { Access } from "./access.ts";
import { filledArray } from "./filled-array.ts";
import type { LeaseId } from "./types.ts";
import { noBytes } from "./values.ts";
import type { Chunk } from "./values.ts";

/** Numbers of one node, of 32 bits each. */
export const wordsOfNode = 24;

/**
 * A fixed number of nodes, taken apart into columns: as objects, the many nodes of a tree would be the bulk of what the
 * garbage collector copies and walks through.
 */
export class NodePage {
  /** Those of one node stand together; see `TreeNode`. */
  words: Int32Array = new Int32Array(0);
  paths: string[] = [];
  chunks: Chunk[] = [];
  /** What few nodes have, by index. */
  owners: Map<number, LeaseId> | null = null;
  accesses: Map<number, Access> | null = null;
  readonly #slots: number;
  /** Indexes that were freed, and the first one that was never used. */
  #free: number[] = [];
  #next = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  get used(): number {
    return this.#next - this.#free.length;
  }

  get isFull(): boolean {
    return this.used === this.#slots;
  }

  /** The index of a node that is all zeros; only while the page is not full. */
  allocate(): number {
    if (this.paths.length === 0) {
      this.words = new Int32Array(this.#slots * wordsOfNode);
      this.paths = filledArray(this.#slots, "");
      this.chunks = filledArray(this.#slots, noBytes);
    }
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    this.#next += 1;
    return this.#next - 1;
  }

  /** Lets go of all that a node held. */
  free(index: number): void {
    this.words.fill(0, index * wordsOfNode, (index + 1) * wordsOfNode);
    this.paths[index] = "";
    this.chunks[index] = noBytes;
    this.owners?.delete(index);
    this.accesses?.delete(index);
    this.#free.push(index);
  }

  /** Gives back the memory of a page without nodes, until the next one comes. */
  drop(): void {
    this.words = new Int32Array(0);
    this.paths = [];
    this.chunks = [];
    this.owners = null;
    this.accesses = null;
    this.#free = [];
    this.#next = 0;
  }
}
