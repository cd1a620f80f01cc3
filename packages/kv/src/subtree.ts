import { openAcl } from "./acl.ts";
import type { Acl } from "./acl.ts";
import { afterChildren, prefixOf } from "./paths.ts";
import type { FrozenNodes } from "./frozen-nodes.ts";
import { publicNode } from "./tree-node.ts";
import type { TreeNode } from "./tree-node.ts";
import type { Node, Sequence, WatchToken } from "./types.ts";

/** A path and the node there. */
export interface TreeEntry {
  readonly path: string;
  readonly node: Node;
  /** Absent: everybody may do everything. */
  readonly acl?: Acl;
}

/** What of a subtree is wanted besides the node at its top. */
export type SubtreeReach = "children" | "all";

/** A node and what is below it as they were at one revision, also while later commands are applied. */
export interface Subtree {
  /** Watch from here to go on where the pages end. */
  readonly token: WatchToken;
  /** Sorted by path in code units, so a parent comes before its children. */
  readonly pages: Sequence<readonly TreeEntry[]>;
}

function entryOf(node: TreeNode): TreeEntry {
  const entry = { path: node.path, node: publicNode(node) };
  const { acl } = node.access;
  return acl === openAcl ? entry : { ...entry, acl };
}

const pageBytes = 1_048_576;

/** Which nodes, in pages of how many. */
interface Extent {
  readonly path: string;
  readonly limit: number;
  readonly reach: SubtreeReach;
}

/** A page ends after `limit` nodes, or once its values reach 1 MiB. */
function* pagesOf(
  nodes: FrozenNodes,
  { path, limit, reach }: Extent,
): Generator<readonly TreeEntry[], undefined> {
  const root = nodes.get(path);
  if (root === undefined) return;
  const prefix = prefixOf(path);
  let page: TreeEntry[] = path === "/" ? [] : [entryOf(root)];
  let bytes = page.length === 0 ? 0 : root.length;
  let from: string | null = prefix;
  while (from !== null) {
    const step: { next: string | null; isPage: boolean } = { next: null, isPage: true };
    nodes.slots.scan(from, (key, slot) => {
      if (!key.startsWith(prefix)) return false;
      const slash = reach === "all" ? -1 : key.indexOf("/", prefix.length);
      if (slash !== -1) {
        // Below a child: on to what follows that.
        step.next = afterChildren(key.slice(0, slash));
        step.isPage = false;
        return false;
      }
      if (page.length >= limit || bytes >= pageBytes) {
        step.next = key;
        return false;
      }
      const node = nodes.node(slot);
      page.push(entryOf(node));
      bytes += node.length;
      return true;
    });
    from = step.next;
    if (!step.isPage) continue;
    if (page.length > 0) yield page;
    page = [];
    bytes = 0;
  }
}

/** Opens a subtree of nodes that nobody changes any more. */
export function openSubtree(nodes: FrozenNodes, token: WatchToken, extent: Extent): Subtree {
  return { token, pages: pagesOf(nodes, { ...extent, limit: Math.max(1, extent.limit) }) };
}
