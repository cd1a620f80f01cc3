import { openAcl, permissions, permits } from "./acl.ts";
import type { Identity } from "./acl.ts";
import { hashText } from "./digest.ts";
import type { PathKey } from "./event-page.ts";
import { compareTokens } from "./history.ts";
import type { EventHistory } from "./history.ts";
import { limits } from "./limits.ts";
import type { PageOptions } from "./machine-api.ts";
import { prefixOf } from "./paths.ts";
import { keepSmallest } from "./smallest.ts";
import type { Tree } from "./tree.ts";
import { publicNode } from "./tree-node.ts";
import type { TreeNode } from "./tree-node.ts";
import type { ChildrenPage, Node, SessionId, TreeEvent, WatchToken } from "./types.ts";

/**
 * What a read of the past came to: `floor` is the earliest revision that can still be read, `revision` the last one
 * there is.
 */
export type Past<T> =
  | { readonly type: "found"; readonly found: T }
  | { readonly type: "compacted"; readonly floor: number }
  | { readonly type: "ahead"; readonly revision: number };

/** One change of a node, without its value. */
export interface NodeChange extends WatchToken {
  readonly type: TreeEvent["type"];
  /** The session whose request made it; null when none did. */
  readonly by: SessionId | null;
  /** The leader's wall time, ms since the epoch. */
  readonly timeMs: number;
  /** Of the node after the change; of a deleted one, before it. */
  readonly version: number;
}

/** Changes of one node, the latest first. */
export interface NodeChangesPage {
  readonly changes: readonly NodeChange[];
  /** Pass as `before` for those before these; null when nothing earlier is kept. */
  readonly next: WatchToken | null;
  /** Nothing is known of what happened up to here. */
  readonly floor: WatchToken;
}

/** Which of a node's changes. */
export interface ChangesOptions {
  /** `next` of the page before. Default: from the latest. */
  readonly before?: WatchToken;
  /** Changes at most, 1 to 1,000. Default 1,000. */
  readonly limit?: number;
}

/** A page of names: behind `after`, none behind `upTo`; null: from the start, to the end. */
interface GoneBounds {
  readonly after: string | null;
  readonly upTo: string | null;
  readonly size: number;
}

/** What the past is read from; all but the history may be replaced by a restore. */
export interface PastSource {
  readonly history: EventHistory;
  readonly tree: () => Tree;
  readonly revision: () => number;
}

/**
 * Reads the tree as it was after any revision that the history reaches back to: the tree of now, without what came
 * later. What was not touched since costs as much as a read of now; all else one pass over the events since, which
 * compares two numbers of each.
 */
export class PastReads {
  readonly #source: PastSource;

  constructor(source: PastSource) {
    this.#source = source;
  }

  /**
   * The node as it was; null when there was none. Access lists have no past: `aversion` is that of the node's next
   * change, or of now.
   */
  get(path: string, revision: number): Past<Node | null> {
    return this.#unread(revision) ?? { type: "found", found: this.#node(path, revision) };
  }

  /**
   * A page of child names as they were, sorted in code units; null when there was no node. Where children came or went
   * since, a page has at most 1,000 names, and may have fewer than asked for, even none, with more to come.
   */
  children(path: string, revision: number, page: PageOptions = {}): Past<ChildrenPage | null> {
    return this.#unread(revision) ?? { type: "found", found: this.#children(path, revision, page) };
  }

  /**
   * Whether a caller may see what was at a path: by every access list that is known of it, of now and of each change
   * that is kept.
   */
  permits(path: string, identities: readonly Identity[]): boolean {
    const now = this.#source.tree().get(path)?.access.acl ?? openAcl;
    const lists = [now, ...this.#source.history.aclsOf(this.#of(path))];
    return lists.every((acl) => permits(acl, identities, permissions.read));
  }

  /** Who changed the node at a path and when, as far back as the history reaches. */
  changes(path: string, { before, limit = limits.changesPage }: ChangesOptions = {}): NodeChangesPage {
    const { history } = this.#source;
    const size = Math.min(Math.max(1, limit), limits.changesPage);
    const found = history.lastChanges(this.#of(path), before ?? null, size + 1);
    const changes = found.slice(0, size).map(({ revision, ordinal, type, by, timeMs, stat }) => {
      return { revision, ordinal, type, by, timeMs, version: stat.version };
    });
    const last = found.length > size ? changes.at(-1) : undefined;
    const next = last === undefined ? null : { revision: last.revision, ordinal: last.ordinal };
    return { changes, next, floor: history.floor };
  }

  /** Why a revision cannot be read; null when it can. */
  #unread(revision: number): Exclude<Past<never>, { type: "found" }> | null {
    const last = this.#source.revision();
    const floor = this.#source.history.floor.revision;
    if (revision > last) return { type: "ahead", revision: last };
    return revision < floor ? { type: "compacted", floor } : null;
  }

  #of(path: string): PathKey {
    return { path, pathHash: this.#source.tree().get(path)?.pathHash ?? hashText(path) };
  }

  #node(path: string, revision: number): Node | null {
    const { history } = this.#source;
    const now = this.#source.tree().get(path);
    if (now !== undefined && now.mzxid <= revision && now.pzxid <= revision) return publicNode(now);
    const own = history.firstChange(this.#of(path), revision);
    const node = own === null ? nodeOrNull(now) : own.previous;
    if (node === null) return null;
    const child = history.firstChildChange(this.#of(path), revision);
    if (child === null || (own !== null && compareTokens(child.token, own) > 0)) return node;
    const { pzxid, cversion, numChildren } = child.family;
    return { value: node.value, stat: { ...node.stat, pzxid, cversion, numChildren } };
  }

  #children(path: string, revision: number, page: PageOptions): ChildrenPage | null {
    const { history } = this.#source;
    const tree = this.#source.tree();
    const { after = null, limit = limits.childrenPage } = page;
    const now = tree.get(path);
    if (now !== undefined && now.pzxid <= revision) return tree.children(path, after, limit);
    const own = history.firstChange(this.#of(path), revision);
    if (own === null ? now === undefined : own.type === "created") return null;
    const size = Math.min(Math.max(1, limit), limits.pastChildrenPage);
    const bounds = { bornBy: revision, looks: limits.pastChildrenLooks };
    const stayed = tree.children(path, after, size, bounds) ?? { names: [], next: null };
    const gone = this.#gone(path, revision, { after, upTo: stayed.next, size });
    const sorted = [...stayed.names, ...gone].toSorted();
    if (sorted.length <= size) return { names: sorted, next: stayed.next };
    const names = sorted.slice(0, size);
    return { names, next: names.at(-1) ?? null };
  }

  /** Names of children that went since: of those within the bounds the first ones, one more than `size`, in no order. */
  #gone(path: string, revision: number, { after, upTo, size }: GoneBounds): string[] {
    const prefix = prefixOf(path);
    const first = `${prefix}${after ?? ""}`;
    const last = upTo === null ? null : prefix + upTo;
    const found: string[] = [];
    this.#source.history.goneChildren(this.#of(path), revision, (child) => {
      if (child <= first || (last !== null && child > last)) return;
      found.push(child);
      if (found.length >= 4 * size) keepSmallest(found, size + 1);
    });
    keepSmallest(found, size + 1);
    return found.map((child) => child.slice(prefix.length));
  }
}

function nodeOrNull(node: TreeNode | undefined): Node | null {
  return node === undefined ? null : publicNode(node);
}
