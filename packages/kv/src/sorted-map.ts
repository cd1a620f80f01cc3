/** Entries of one node at most; a node below a quarter of it joins a neighbour. */
const maxEntries = 64;
const minEntries = maxEntries / 4;

/** Who may change a node in place; everybody else copies it first. */
type Owner = object;

/** How many entries there are, and what they weigh together. */
export interface Measure {
  readonly count: number;
  readonly weight: number;
}

/** Keys outlive a change of what stands at them: a copy of a node shares them until one comes or goes. */
interface Keys {
  keysOwner: Owner;
  keys: string[];
}

interface Leaf<V> extends Keys {
  readonly owner: Owner;
  readonly values: V[];
  weight: number;
}
/** `keys[i]` is the smallest key that `children[i + 1]` may hold. */
interface Inner<V> extends Keys {
  readonly owner: Owner;
  /** Entries below it. */
  size: number;
  weight: number;
  readonly children: BNode<V>[];
}
type BNode<V> = Leaf<V> | Inner<V>;

function isInner<V>(node: BNode<V>): node is Inner<V> {
  return "children" in node;
}

function sizeOf<V>(node: BNode<V>): number {
  return isInner(node) ? node.size : node.keys.length;
}

/** The number of keys before `key`; with `inclusive` also `key` itself. */
function rank(keys: readonly string[], key: string, inclusive: boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const probe = keys[middle];
    if (probe !== undefined && (probe < key || (inclusive && probe === key))) low = middle + 1;
    else high = middle;
  }
  return low;
}

function weightless(): number {
  return 0;
}

/**
 * A map sorted by key in code units. `clone()` is O(1): both sides share what neither changes afterwards. Reading,
 * changing and measuring cost O(log n).
 */
export class SortedMap<V> {
  readonly #weigh: (value: V) => number;
  /** What the last insert added, for the nodes above its leaf. */
  #grown = 0;
  #gained = 0;
  /** What the last delete took away, for the nodes above its leaf. */
  #lost = 0;
  #owner: Owner = {};
  #root: BNode<V> = { owner: this.#owner, keysOwner: this.#owner, keys: [], values: [], weight: 0 };

  /** `weigh` tells the weight of a value as it is now; `reweigh` must hear when that changes. Default: nothing. */
  constructor(weigh: (value: V) => number = weightless) {
    this.#weigh = weigh;
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (isInner(node)) {
      const child = node.children[rank(node.keys, key, true)];
      if (child === undefined) return undefined;
      node = child;
    }
    const at = rank(node.keys, key, false);
    return node.keys[at] === key ? node.values[at] : undefined;
  }

  /** Adds or replaces. */
  set(key: string, value: V): void {
    const root = this.#owned(this.#root);
    this.#root = root;
    const right = this.#insert(root, key, value);
    if (right === null) return;
    this.#root = this.#inner([right.from], [root, right.node]);
  }

  /** As `set`; quicker where the key comes after all others. */
  append(key: string, value: V): void {
    const path: BNode<V>[] = [];
    let node = this.#owned(this.#root);
    this.#root = node;
    while (isInner(node)) {
      path.push(node);
      const last = this.#ownedChild(node, node.children.length - 1);
      if (last === undefined) return;
      node = last;
    }
    const { length } = node.keys;
    if (length === 0 || length === maxEntries || (node.keys.at(-1) ?? "") >= key) {
      this.set(key, value);
      return;
    }
    this.#ownKeys(node).push(key);
    node.values.push(value);
    const weight = this.#weigh(value);
    node.weight += weight;
    for (const above of path) {
      above.weight += weight;
      if (isInner(above)) above.size += 1;
    }
  }

  /** False when there was none. */
  delete(key: string): boolean {
    const root = this.#owned(this.#root);
    this.#root = root;
    if (!this.#remove(root, key)) return false;
    const only = isInner(root) && root.children.length === 1 ? root.children[0] : undefined;
    this.#root = only ?? root;
    return true;
  }

  /** A map of the same entries that no later change of this one touches, nor the other way round. */
  clone(): SortedMap<V> {
    const copy = new SortedMap<V>(this.#weigh);
    copy.#root = this.#root;
    this.#owner = {};
    return copy;
  }

  /** The value of a key was changed in place and weighs so much more. */
  reweigh(key: string, by: number): void {
    let node = this.#owned(this.#root);
    this.#root = node;
    node.weight += by;
    while (isInner(node)) {
      const child = this.#ownedChild(node, rank(node.keys, key, true));
      if (child === undefined) return;
      child.weight += by;
      node = child;
    }
  }

  /** The entries from `from` (included) to `to` (left out); null: to the end. */
  measure(from: string, to: string | null): Measure {
    const start = this.#before(from);
    const end = to === null ? { count: this.size, weight: this.#root.weight } : this.#before(to);
    return { count: end.count - start.count, weight: end.weight - start.weight };
  }

  /** Visits the entries from `from` (included) on, in order, until `visit` returns false. No changes meanwhile. */
  scan(from: string, visit: (key: string, value: V) => boolean): void {
    this.#scan(this.#root, from, visit);
  }

  /** All values in the order of their keys. */
  values(): V[] {
    const found: V[] = [];
    this.scan("", (_key, value) => {
      found.push(value);
      return true;
    });
    return found;
  }

  #before(key: string): Measure {
    let node = this.#root;
    let count = 0;
    let weight = 0;
    while (isInner(node)) {
      const at = rank(node.keys, key, true);
      for (let k = 0; k < at; k += 1) {
        const passed = node.children[k];
        if (passed === undefined) continue;
        count += sizeOf(passed);
        weight += passed.weight;
      }
      const child = node.children[at];
      if (child === undefined) return { count, weight };
      node = child;
    }
    const at = rank(node.keys, key, false);
    return { count: count + at, weight: weight + this.#weightOf(node.values, at) };
  }

  /** What the first `count` values weigh. */
  #weightOf(values: readonly V[], count: number): number {
    let weight = 0;
    for (let k = 0; k < count; k += 1) {
      const value = values[k];
      if (value !== undefined) weight += this.#weigh(value);
    }
    return weight;
  }

  /** The keys of a node that it may change, to be changed. */
  #ownKeys(node: BNode<V>): string[] {
    if (node.keysOwner !== this.#owner) {
      node.keysOwner = this.#owner;
      node.keys = node.keys.slice();
    }
    return node.keys;
  }

  #inner(keys: string[], children: BNode<V>[]): Inner<V> {
    let size = 0;
    let weight = 0;
    for (const child of children) {
      size += sizeOf(child);
      weight += child.weight;
    }
    return { owner: this.#owner, keysOwner: this.#owner, size, weight, keys, children };
  }

  #scan(node: BNode<V>, from: string, visit: (key: string, value: V) => boolean): boolean {
    if (isInner(node)) {
      for (let at = rank(node.keys, from, true); at < node.children.length; at += 1) {
        const child = node.children[at];
        if (child !== undefined && !this.#scan(child, from, visit)) return false;
      }
      return true;
    }
    for (let at = rank(node.keys, from, false); at < node.keys.length; at += 1) {
      const key = node.keys[at];
      const value = node.values[at];
      if (key === undefined || value === undefined || !visit(key, value)) return false;
    }
    return true;
  }

  #owned(node: BNode<V>): BNode<V> {
    if (node.owner === this.#owner) return node;
    const owner = this.#owner;
    const { keysOwner, keys, weight } = node;
    return isInner(node)
      ? { owner, keysOwner, size: node.size, weight, keys, children: node.children.slice() }
      : { owner, keysOwner, keys, values: node.values.slice(), weight };
  }

  #ownedChild(node: Inner<V>, at: number): BNode<V> | undefined {
    const child = node.children[at];
    if (child === undefined) return undefined;
    const own = this.#owned(child);
    if (own !== child) node.children[at] = own;
    return own;
  }

  /** Returns the right half when the node had to be split. */
  #insert(node: BNode<V>, key: string, value: V): { from: string; node: BNode<V> } | null {
    if (isInner(node)) {
      const at = rank(node.keys, key, true);
      const child = this.#ownedChild(node, at);
      if (child === undefined) return null;
      const right = this.#insert(child, key, value);
      node.size += this.#grown;
      node.weight += this.#gained;
      if (right === null) return null;
      this.#ownKeys(node).splice(at, 0, right.from);
      node.children.splice(at + 1, 0, right.node);
      return node.children.length <= maxEntries ? null : this.#splitInner(node);
    }
    const at = rank(node.keys, key, false);
    const replaced = node.keys[at] === key ? node.values[at] : undefined;
    this.#grown = replaced === undefined ? 1 : 0;
    this.#gained = this.#weigh(value) - (replaced === undefined ? 0 : this.#weigh(replaced));
    node.weight += this.#gained;
    if (replaced !== undefined) {
      node.values[at] = value;
      return null;
    }
    this.#ownKeys(node).splice(at, 0, key);
    node.values.splice(at, 0, value);
    return node.keys.length <= maxEntries ? null : this.#splitLeaf(node, at);
  }

  /** Keys that arrive in order fill their leaves: then only the last entry moves. */
  #splitLeaf(node: Leaf<V>, inserted: number): { from: string; node: BNode<V> } {
    const at = inserted === node.keys.length - 1 ? inserted : node.keys.length >>> 1;
    const keys = this.#ownKeys(node).splice(at);
    const values = node.values.splice(at);
    const weight = this.#weightOf(values, values.length);
    node.weight -= weight;
    return {
      from: keys[0] ?? "",
      node: { owner: this.#owner, keysOwner: this.#owner, keys, values, weight },
    };
  }

  #splitInner(node: Inner<V>): { from: string; node: BNode<V> } {
    const at = node.children.length >>> 1;
    const children = node.children.splice(at);
    const own = this.#ownKeys(node);
    const keys = own.splice(at);
    const from = own.pop() ?? "";
    const right = this.#inner(keys, children);
    node.size -= right.size;
    node.weight -= right.weight;
    return { from, node: right };
  }

  #remove(node: BNode<V>, key: string): boolean {
    if (isInner(node)) {
      const at = rank(node.keys, key, true);
      const child = this.#ownedChild(node, at);
      if (child === undefined || !this.#remove(child, key)) return false;
      node.size -= 1;
      node.weight -= this.#lost;
      if (child.keys.length < minEntries) this.#join(node, at > 0 ? at - 1 : 0);
      return true;
    }
    const at = rank(node.keys, key, false);
    const value = node.values[at];
    if (value === undefined || node.keys[at] !== key) return false;
    this.#lost = this.#weigh(value);
    node.weight -= this.#lost;
    this.#ownKeys(node).splice(at, 1);
    node.values.splice(at, 1);
    return true;
  }

  /** Moves `children[at + 1]` into `children[at]` when both fit into three quarters of a node. */
  #join(node: Inner<V>, at: number): void {
    const right = node.children[at + 1];
    const between = node.keys[at];
    const left = this.#ownedChild(node, at);
    if (left === undefined || right === undefined || between === undefined) return;
    if (left.keys.length + right.keys.length >= (maxEntries * 3) / 4) return;
    left.weight += right.weight;
    if (isInner(left) && isInner(right)) {
      left.size += right.size;
      this.#ownKeys(left).push(between, ...right.keys);
      left.children.push(...right.children);
    } else if (!isInner(left) && !isInner(right)) {
      this.#ownKeys(left).push(...right.keys);
      left.values.push(...right.values);
    }
    this.#ownKeys(node).splice(at, 1);
    node.children.splice(at + 1, 1);
  }
}
