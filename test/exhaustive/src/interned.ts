/** Things that are told apart by a key, each with a small number. */
export class Interned<T> {
  readonly #numbers = new Map<string, number>();
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The number of that key; `make` is called for a new one. */
  numberOf(key: string, make: () => T): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#items.length;
    this.#numbers.set(key, number);
    this.#items.push(make());
    return number;
  }

  at(number: number): T {
    const item = this.#items[number];
    if (item === undefined) throw new RangeError(`nothing has number ${number}`);
    return item;
  }
}
