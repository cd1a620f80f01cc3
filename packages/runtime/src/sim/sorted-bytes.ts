/** Keys up to here are read byte by byte: to look at a small array as a buffer gives it memory of its own first. */
const shortKey = 64;

/** Turns a key into a text whose order is the keys' byte order. */
export function keyText(key: Uint8Array): string {
  if (key.length <= shortKey) return shortKeyText(key);
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/** Four at a time: a call that is given all of them at once takes several times as long. */
function shortKeyText(key: Uint8Array): string {
  let text = "";
  let at = 0;
  for (; at + 4 <= key.length; at += 4)
    text += String.fromCharCode(key[at] ?? 0, key[at + 1] ?? 0, key[at + 2] ?? 0, key[at + 3] ?? 0);
  for (; at < key.length; at += 1) text += String.fromCharCode(key[at] ?? 0);
  return text;
}

/** The key behind such a text, in memory of its own. */
export function keyBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Values by key text, readable in key order. Appending in order is cheap. */
export class SortedBytes {
  readonly #values: Map<string, Uint8Array>;
  #keys: string[];
  #sorted = false;

  constructor(values: Iterable<readonly [string, Uint8Array]> = []) {
    this.#values = new Map(values);
    this.#keys = [];
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  /** Sets the value, or removes the key when there is none. */
  set(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) {
      if (this.#values.delete(key)) this.#sorted = false;
      return;
    }
    const size = this.#values.size;
    this.#values.set(key, value);
    if (!this.#sorted || this.#values.size === size) return;
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#sorted = false;
  }

  /** Keys from `from` (included) to `to` (excluded), in order. */
  keys(from: string | undefined, to: string | undefined): string[] {
    if (!this.#sorted) {
      this.#keys = [...this.#values.keys()].toSorted();
      this.#sorted = true;
    }
    const start = from === undefined ? 0 : this.#firstNotBelow(from);
    const end = to === undefined ? this.#keys.length : this.#firstNotBelow(to);
    return this.#keys.slice(start, Math.max(start, end));
  }

  /** All entries, in order. */
  entries(): [string, Uint8Array][] {
    return this.keys(undefined, undefined).map((key) => [key, this.#values.get(key) ?? new Uint8Array()]);
  }

  clone(): SortedBytes {
    return new SortedBytes(this.#values);
  }

  #firstNotBelow(bound: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? "") < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
