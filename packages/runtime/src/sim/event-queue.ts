/** Something that will happen at a virtual time. */
export interface SimEvent {
  /** Integer virtual microseconds. */
  readonly atUs: number;
  /** Decides between events of one microsecond. */
  readonly tie: number;
  /** Decides between equal ties. */
  readonly seq: number;
  /** The machine it happens on; empty for the harness. */
  readonly node: string;
  kind: string;
  about: string;
  size: number;
  cancelled: boolean;
  readonly run: () => void;
}

function before(a: SimEvent, b: SimEvent): boolean {
  if (a.atUs !== b.atUs) return a.atUs < b.atUs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.seq < b.seq;
}

/** A binary heap in the order (time, tie, seq). */
export class EventQueue {
  readonly #heap: SimEvent[] = [];

  get length(): number {
    return this.#heap.length;
  }

  peek(): SimEvent | undefined {
    return this.#heap[0];
  }

  push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  pop(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first !== undefined && last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: SimEvent): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && before(right, child)) {
        below += 1;
        child = right;
      }
      if (!before(child, event)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = event;
  }
}
