/** Entries of one node at most; a node below a quarter of it joins a neighbour. */
const maxEntries = 64;
const minEntries = maxEntries / 4;

/** Who may change a node in place; everybody else copies it first. */
type Owner = object;

interface Leaf<V> {
  readonly owner: Owner;
  readonly keys: string[];
  readonly values: V[];
}
interface Inner<V> {
  readonly owner: Owner;
  /** `keys[i]` is the smallest key that `children[i + 1]` may hold. */
  readonly keys: string[];
  readonly children: BNode<V>[];
}
type BNode<V> = Leaf<V> | Inner<V>;

function isInner<V>(node: BNode<V>): node is Inner<V> {
  return "children" in node;
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

/**
 * A map sorted by key in code units. `clone()` is O(1): both sides share what neither changes afterwards. Reading and
 * changing cost O(log n).
 */
export class SortedMap<V> {
  #owner: Owner = {};
  #root: BNode<V> = { owner: this.#owner, keys: [], values: [] };
  #size = 0;

  get size(): number {
    return this.#size;
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
    this.#root = { owner: this.#owner, keys: [right.from], children: [root, right.node] };
  }

  /** False when there was none. */
  delete(key: string): boolean {
    if (this.get(key) === undefined) return false;
    const root = this.#owned(this.#root);
    this.#remove(root, key);
    this.#size -= 1;
    const only = isInner(root) && root.children.length === 1 ? root.children[0] : undefined;
    this.#root = only ?? root;
    return true;
  }

  /** A map of the same entries that no later change of this one touches, nor the other way round. */
  clone(): SortedMap<V> {
    const copy = new SortedMap<V>();
    copy.#root = this.#root;
    copy.#size = this.#size;
    this.#owner = {};
    return copy;
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
    const keys = node.keys.slice();
    return isInner(node)
      ? { owner: this.#owner, keys, children: node.children.slice() }
      : { owner: this.#owner, keys, values: node.values.slice() };
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
      const right = child === undefined ? null : this.#insert(child, key, value);
      if (right === null) return null;
      node.keys.splice(at, 0, right.from);
      node.children.splice(at + 1, 0, right.node);
      return node.children.length <= maxEntries ? null : this.#splitInner(node);
    }
    const at = rank(node.keys, key, false);
    if (node.keys[at] === key) {
      node.values[at] = value;
      return null;
    }
    node.keys.splice(at, 0, key);
    node.values.splice(at, 0, value);
    this.#size += 1;
    return node.keys.length <= maxEntries ? null : this.#splitLeaf(node, at);
  }

  /** Keys that arrive in order fill their leaves: then only the last entry moves. */
  #splitLeaf(node: Leaf<V>, inserted: number): { from: string; node: BNode<V> } {
    const at = inserted === node.keys.length - 1 ? inserted : node.keys.length >>> 1;
    const keys = node.keys.splice(at);
    const values = node.values.splice(at);
    return { from: keys[0] ?? "", node: { owner: this.#owner, keys, values } };
  }

  #splitInner(node: Inner<V>): { from: string; node: BNode<V> } {
    const at = node.children.length >>> 1;
    const children = node.children.splice(at);
    const keys = node.keys.splice(at);
    const from = node.keys.pop() ?? "";
    return { from, node: { owner: this.#owner, keys, children } };
  }

  #remove(node: BNode<V>, key: string): void {
    if (isInner(node)) {
      const at = rank(node.keys, key, true);
      const child = this.#ownedChild(node, at);
      if (child === undefined) return;
      this.#remove(child, key);
      if (child.keys.length < minEntries) this.#join(node, at > 0 ? at - 1 : 0);
      return;
    }
    const at = rank(node.keys, key, false);
    node.keys.splice(at, 1);
    node.values.splice(at, 1);
  }

  /** Moves `children[at + 1]` into `children[at]` when both fit into three quarters of a node. */
  #join(node: Inner<V>, at: number): void {
    const right = node.children[at + 1];
    const between = node.keys[at];
    const left = this.#ownedChild(node, at);
    if (left === undefined || right === undefined || between === undefined) return;
    if (left.keys.length + right.keys.length >= (maxEntries * 3) / 4) return;
    if (isInner(left) && isInner(right)) {
      left.keys.push(between, ...right.keys);
      left.children.push(...right.children);
    } else if (!isInner(left) && !isInner(right)) {
      left.keys.push(...right.keys);
      left.values.push(...right.values);
    } else {
      return;
    }
    node.keys.splice(at, 1);
    node.children.splice(at + 1, 1);
  }
}
