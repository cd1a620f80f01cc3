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
export interface TreeNode extends NodeFacts, Place {
  mzxid: number;
  pzxid: number;
  mtimeMs: number;
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

function allocate(facts: NodeFacts, pathHash: number, generation: number): TreeNode {
  return {
    path: facts.path,
    czxid: facts.czxid,
    mzxid: facts.mzxid,
    pzxid: facts.pzxid,
    ctimeMs: facts.ctimeMs,
    mtimeMs: facts.mtimeMs,
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
  return allocate(facts, hashText(facts.path), generation);
}

/** The same node once more, its value in the same place. */
export function copyNode(node: TreeNode, generation: number): TreeNode {
  const copy = allocate(node, node.pathHash, generation);
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
  hash.int(node.czxid).int(node.mzxid).int(node.pzxid).int(node.ctimeMs).int(node.mtimeMs);
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
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
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
  return node.lifetime === lifetime.container ? node.created > 0 : timeMs - node.mtimeMs > node.lifetime;
}

/** The node as it is given out. */
export function publicNode(node: TreeNode): Node {
  return { value: bytesAt(node), stat: statOf(node) };
}
