/** What comes first is taken first; a binary heap. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  shift(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return first;
    items[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const child = this.#precedes(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(child, at)) return first;
      at = child;
    }
  }

  #precedes(at: number, other: number): boolean {
    const a = this.#items[at];
    const b = this.#items[other];
    return a !== undefined && b !== undefined && this.#isBefore(a, b);
  }

  #swapIfBefore(at: number, other: number): boolean {
    const items = this.#items;
    const a = items[at];
    const b = items[other];
    if (a === undefined || b === undefined || !this.#isBefore(a, b)) return false;
    items[at] = b;
    items[other] = a;
    return true;
  }
}
