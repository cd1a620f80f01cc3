import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { hashText } from "./digest.ts";
import type { ItemHash } from "./digest.ts";
import type { LeaseId, Node, Stat } from "./types.ts";
import { bytesAt, noBytes } from "./values.ts";
import type { Place } from "./values.ts";

/** What there is to know of a node besides its value. */
export interface NodeFacts {
  readonly path: string;
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  /** Children ever created: the sequence counter. */
  readonly created: number;
  readonly numChildren: number;
  readonly owner: LeaseId | null;
  readonly guarded: boolean;
  /** What else ends it; see {@link lifetime}. */
  readonly lifetime: number;
  /** Who may do what with it. */
  readonly access: Access;
}

/** All there is to know of a node. */
export interface NodeFields extends NodeFacts {
  readonly value: Uint8Array;
}

/** A node as the tree keeps it. Only the tree may have it changed, and only while no snapshot holds it. */
export interface TreeNode extends Omit<NodeFacts, "ctimeMs" | "mtimeMs">, Place {
  mzxid: number;
  pzxid: number;
  /** Times are kept in two small numbers each, see {@link ctimeOf}: a large one is an object of its own in memory. */
  ctimeHigh: number;
  ctimeLow: number;
  mtimeHigh: number;
  mtimeLow: number;
  version: number;
  created: number;
  numChildren: number;
  access: Access;
  readonly pathHash: number;
  /** Hash of the value, kept because a change of a child does not touch it. */
  valueHash: number;
  /** The two words of its item in the digest; see {@link sealNode}. */
  a: number;
  b: number;
  /** Grows with every moment that is kept; a moment holds all nodes of earlier generations. */
  readonly generation: number;
}

/** A node of its own accord has no end, ends with its last child, or so many ms after it was last set. */
export const lifetime = { endless: 0, container: -1 } as const;

const itemKind = 1;

/** What the low part of a time counts up to. */
const timeBase = 2 ** 30;

function highOf(timeMs: number): number {
  return Math.floor(timeMs / timeBase) | 0;
}

function lowOf(timeMs: number): number {
  return (timeMs - highOf(timeMs) * timeBase) | 0;
}

/** Leader's wall time at creation, ms since the epoch. */
export function ctimeOf({ ctimeHigh, ctimeLow }: TreeNode): number {
  return ctimeHigh * timeBase + ctimeLow;
}

/** Leader's wall time at the last set. */
export function mtimeOf({ mtimeHigh, mtimeLow }: TreeNode): number {
  return mtimeHigh * timeBase + mtimeLow;
}

/** Only between the tree's `edit` and `settle`. */
export function setMtime(node: TreeNode, timeMs: number): void {
  node.mtimeHigh = highOf(timeMs);
  node.mtimeLow = lowOf(timeMs);
}

type TimelessFacts = Omit<NodeFacts, "ctimeMs" | "mtimeMs">;

function allocate(facts: TimelessFacts, pathHash: number, generation: number): TreeNode {
  return {
    path: facts.path,
    czxid: facts.czxid,
    mzxid: facts.mzxid,
    pzxid: facts.pzxid,
    ctimeHigh: 0,
    ctimeLow: 0,
    mtimeHigh: 0,
    mtimeLow: 0,
    version: facts.version,
    created: facts.created,
    numChildren: facts.numChildren,
    owner: facts.owner,
    guarded: facts.guarded,
    lifetime: facts.lifetime,
    access: facts.access,
    chunk: noBytes,
    at: 0,
    length: 0,
    pathHash,
    valueHash: 0,
    a: 0,
    b: 0,
    generation,
  };
}

/** A node without its value. */
export function makeNode(facts: NodeFacts, generation: number): TreeNode {
  const node = allocate(facts, hashText(facts.path), generation);
  node.ctimeHigh = highOf(facts.ctimeMs);
  node.ctimeLow = lowOf(facts.ctimeMs);
  setMtime(node, facts.mtimeMs);
  return node;
}

/** The same node once more, its value in the same place. */
export function copyNode(node: TreeNode, generation: number): TreeNode {
  const copy = allocate(node, node.pathHash, generation);
  copy.ctimeHigh = node.ctimeHigh;
  copy.ctimeLow = node.ctimeLow;
  copy.mtimeHigh = node.mtimeHigh;
  copy.mtimeLow = node.mtimeLow;
  copy.chunk = node.chunk;
  copy.at = node.at;
  copy.length = node.length;
  copy.valueHash = node.valueHash;
  copy.a = node.a;
  copy.b = node.b;
  return copy;
}

/** Brings the place in the digest in line with everything else. */
export function sealNode(node: TreeNode, hash: ItemHash): void {
  hash.begin(itemKind).word(node.pathHash).word(node.valueHash);
  hash.int(node.czxid).int(node.mzxid).int(node.pzxid).int(ctimeOf(node)).int(mtimeOf(node));
  hash.int(node.version).int(node.created).int(node.numChildren);
  if (node.owner !== null) hash.word(hashText(node.owner)).word(node.guarded ? 1 : 0);
  if (node.lifetime !== lifetime.endless) hash.int(node.lifetime);
  if (node.access !== openAccess) hash.word(node.access.hash);
  hash.end();
  node.a = hash.a;
  node.b = hash.b;
}

/** The facts of the root of an empty tree: as old as history itself. */
export const rootFacts: NodeFacts = {
  path: "/",
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctimeMs: 0,
  mtimeMs: 0,
  version: 0,
  created: 0,
  numChildren: 0,
  owner: null,
  guarded: false,
  lifetime: lifetime.endless,
  access: openAccess,
};

/** What the node says of itself now. */
export function statOf(node: TreeNode): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    ctimeMs: ctimeOf(node),
    mtimeMs: mtimeOf(node),
    version: node.version,
    cversion: 2 * node.created - node.numChildren,
    aversion: node.access.aversion,
    ephemeralOwner: node.owner,
    dataLength: node.length,
    numChildren: node.numChildren,
    container: node.lifetime === lifetime.container,
    ttlMs: node.lifetime > 0 ? node.lifetime : null,
  };
}

/** True when its time is over at `timeMs`: a container that lost its last child, a childless node not set for its ttl. */
export function isOver(node: TreeNode, timeMs: number): boolean {
  if (node.lifetime === lifetime.endless || node.numChildren > 0) return false;
  return node.lifetime === lifetime.container ? node.created > 0 : timeMs - mtimeOf(node) > node.lifetime;
}

/** The node as it is given out. */
export function publicNode(node: TreeNode): Node {
  return { value: bytesAt(node), stat: statOf(node) };
}
