import type { CompiledOp } from "./compile.ts";

/** Node 0 is the head and the end of the list. */
export const head = 0;

/**
 * Calls and returns of the operations in order of time, as a doubly linked list in which an operation
 * can be taken out and put back in constant time. At equal times calls come before returns, because
 * intervals are closed. Operations without a return have a call only.
 */
export class EventList {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #opOf: Int32Array;
  readonly #callOf: Int32Array;
  readonly #returnOf: Int32Array;

  constructor(ops: readonly CompiledOp[]) {
    const events = sortedEvents(ops);
    const size = events.length + 1;
    this.#next = new Int32Array(size);
    this.#previous = new Int32Array(size);
    this.#opOf = new Int32Array(size);
    this.#callOf = new Int32Array(ops.length);
    this.#returnOf = new Int32Array(ops.length);
    for (let node = 0; node < size; node++) {
      this.#next[node] = (node + 1) % size;
      this.#previous[node] = (node + size - 1) % size;
    }
    for (const [index, event] of events.entries()) {
      const node = index + 1;
      this.#opOf[node] = event.call ? event.op : -1 - event.op;
      (event.call ? this.#callOf : this.#returnOf)[event.op] = node;
    }
  }

  /** The node after this one; `head` at the end. */
  next(node: number): number {
    return at(this.#next, node);
  }

  /** The node before this one; `head` at the start. */
  previous(node: number): number {
    return at(this.#previous, node);
  }

  /** The operation called at this node, or a negative number for a return. */
  calledAt(node: number): number {
    return at(this.#opOf, node);
  }

  /** The operation that returns at this node. */
  returningAt(node: number): number {
    return -1 - at(this.#opOf, node);
  }

  /** The node at which the operation is called. */
  callOf(op: number): number {
    return at(this.#callOf, op);
  }

  /** Takes an operation out. */
  lift(op: number): void {
    this.#unlink(at(this.#callOf, op));
    const end = at(this.#returnOf, op);
    if (end !== head) this.#unlink(end);
  }

  /** Puts back the operation that was taken out last. */
  unlift(op: number): void {
    const end = at(this.#returnOf, op);
    if (end !== head) this.#relink(end);
    this.#relink(at(this.#callOf, op));
  }

  #unlink(node: number): void {
    const previous = at(this.#previous, node);
    const next = at(this.#next, node);
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #relink(node: number): void {
    this.#next[at(this.#previous, node)] = node;
    this.#previous[at(this.#next, node)] = node;
  }
}

interface Event {
  readonly op: number;
  readonly call: boolean;
  readonly time: number;
}

function sortedEvents(ops: readonly CompiledOp[]): Event[] {
  const events: Event[] = [];
  for (const [index, op] of ops.entries()) {
    events.push({ op: index, call: true, time: op.invoke });
    if (op.return !== Infinity) events.push({ op: index, call: false, time: op.return });
  }
  return events.toSorted((a, b) => a.time - b.time || Number(b.call) - Number(a.call) || a.op - b.op);
}

function at(array: Int32Array, index: number): number {
  return array[index] ?? 0;
}
