import type { Machine, Node, TreeEntry, WatchKind, WatchToken } from "@flotilla/kv";
import { openAcl } from "@flotilla/kv";
import type { ToldEvent } from "../wire/messages.ts";

const pageBytes = 524_288;
const pageItems = 1_000;
const entriesPerStep = 256;
/** Share of an item besides its path and value. */
const overheadBytes = 256;

function sizeOf(item: TreeEntry | ToldEvent, part: "all" | "after"): number {
  const before = part === "all" && "previous" in item ? item.previous : null;
  return overheadBytes + item.path.length * 3 + valueBytes(item.node) + valueBytes(before);
}

function valueBytes(node: Node | null): number {
  return node?.value.length ?? 0;
}

/** What fits into one message, at least one item. */
export class PageFill<T extends TreeEntry | ToldEvent> {
  readonly items: T[] = [];
  readonly #part: "all" | "after";
  #bytes = 0;

  /** @param part `all`: with the nodes before the changes */
  constructor(part: "all" | "after") {
    this.#part = part;
  }

  /** False when there is no room for it. */
  add(item: T): boolean {
    this.#bytes += sizeOf(item, this.#part);
    const isFull = this.#bytes > pageBytes || this.items.length >= pageItems;
    if (isFull && this.items.length > 0) return false;
    this.items.push(item);
    return true;
  }
}

/**
 * The longest beginning that fits into one message, at least one item.
 * @param part `all`: with the nodes before the changes
 */
export function firstPage<T extends TreeEntry | ToldEvent>(
  items: readonly T[],
  part: "all" | "after",
): readonly T[] {
  const page = new PageFill<T>(part);
  for (const item of items) if (!page.add(item)) return page.items;
  return items;
}

/** Everything a watch can see, as it was when this was made, page by page. */
export class ScopePages {
  /** What comes after these pages. */
  readonly token: WatchToken;
  readonly #source: Iterator<readonly TreeEntry[]>;
  #entries: readonly TreeEntry[] = [];

  constructor(machine: Machine, path: string, kind: WatchKind) {
    this.token = machine.token;
    this.#source = open(machine, path, kind);
  }

  /** A bounded piece of the work. */
  next(): { readonly entries: readonly TreeEntry[]; readonly last: boolean } {
    if (this.#entries.length === 0) {
      const step = this.#source.next();
      if (step.done === true) return { entries: [], last: true };
      this.#entries = step.value;
    }
    const entries = firstPage(this.#entries, "after");
    this.#entries = this.#entries.slice(entries.length);
    return { entries, last: false };
  }
}

function open(machine: Machine, path: string, kind: WatchKind): Iterator<readonly TreeEntry[]> {
  const node = machine.get(path);
  if (node === null) return [].values();
  if (kind === "data") return [[{ path, node, acl: machine.acl(path) ?? openAcl }]].values();
  return machine.subtree(path, entriesPerStep, kind === "children" ? "children" : "all").pages;
}
