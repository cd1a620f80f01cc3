import type { CompiledOp } from "./compile.ts";

/**
 * The least zxid that a completed operation, not linearized yet, was answered with. The zxid of a path
 * only grows, so a state beyond it can never be followed by that operation: the search need not wait
 * for its return to turn back.
 */
export class ZxidOrder {
  readonly #sorted: Float64Array;
  readonly #ops: readonly number[];
  /** Place of each operation in `#sorted`; -1 for those without a zxid. */
  readonly #rank: Int32Array;
  readonly #done: Uint8Array;
  #first = 0;

  /** @param completed operations by number; unknown ones are no part of it. */
  constructor(completed: readonly CompiledOp[]) {
    const order = [...completed.keys()].filter((op) => zxidOf(completed, op) >= 0);
    order.sort((a, b) => zxidOf(completed, a) - zxidOf(completed, b));
    this.#ops = order;
    this.#sorted = Float64Array.from(order, (op) => zxidOf(completed, op));
    this.#rank = new Int32Array(completed.length).fill(-1);
    for (const [rank, op] of order.entries()) this.#rank[op] = rank;
    this.#done = new Uint8Array(order.length);
  }

  /** `Infinity` when no such operation is left. */
  least(): number {
    return this.#sorted[this.#first] ?? Infinity;
  }

  /** The operation that was answered with the least zxid; `undefined` when none is left. */
  leastOp(): number | undefined {
    return this.#ops[this.#first];
  }

  /** Notes that an operation was linearized. */
  add(op: number): void {
    const rank = this.#rank[op] ?? -1;
    if (rank < 0) return;
    this.#done[rank] = 1;
    while (this.#done[this.#first] === 1) this.#first++;
  }

  /** Takes it back. */
  delete(op: number): void {
    const rank = this.#rank[op] ?? -1;
    if (rank < 0) return;
    this.#done[rank] = 0;
    this.#first = Math.min(this.#first, rank);
  }
}

function zxidOf(ops: readonly CompiledOp[], op: number): number {
  return ops[op]?.zxid ?? -1;
}
