import { hashBytes } from "./digest.ts";
import type { ItemHash } from "./digest.ts";
import type { LeaseId, Node, Stat } from "./types.ts";

/** What the tree keeps of a node, without its place in the digest. */
export interface NodeFields {
  readonly path: string;
  /** Owned by the tree; nobody changes it. */
  readonly value: Uint8Array;
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
}

/** A node as it is between two changes; never changed in place, so snapshots may hold it. */
export interface TreeNode extends NodeFields {
  /** Hash of the value, kept because a change of a child does not touch it. */
  readonly valueHash: number;
  /** The two words of its item in the digest. */
  readonly a: number;
  readonly b: number;
}

const itemKind = 1;

/** A node being made: its place in the digest is still missing. */
type Draft = NodeFields & { readonly valueHash: number; a: number; b: number };

/** Completes a fresh node, in place. Its `valueHash` must be that of its value. */
export function sealNode(node: Draft, hash: ItemHash): TreeNode {
  hash.begin(itemKind).text(node.path).word(node.value.length).word(node.valueHash);
  hash.int(node.czxid).int(node.mzxid).int(node.pzxid).int(node.ctimeMs).int(node.mtimeMs);
  hash.int(node.version).int(node.created).word(node.numChildren);
  if (node.owner !== null) hash.text(node.owner).word(node.guarded ? 1 : 0);
  hash.end();
  node.a = hash.a;
  node.b = hash.b;
  return node;
}

/** Completes a node from its fields alone. Written out so that all nodes have one hidden class. */
export function makeNode(fields: NodeFields, hash: ItemHash): TreeNode {
  const node = {
    path: fields.path,
    value: fields.value,
    czxid: fields.czxid,
    mzxid: fields.mzxid,
    pzxid: fields.pzxid,
    ctimeMs: fields.ctimeMs,
    mtimeMs: fields.mtimeMs,
    version: fields.version,
    created: fields.created,
    numChildren: fields.numChildren,
    owner: fields.owner,
    guarded: fields.guarded,
    valueHash: hashBytes(fields.value),
    a: 0,
    b: 0,
  };
  return sealNode(node, hash);
}

/** The root of an empty tree: as old as history itself. */
export function makeRoot(hash: ItemHash): TreeNode {
  const value = new Uint8Array(0);
  const counters = {
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    ctimeMs: 0,
    mtimeMs: 0,
    version: 0,
    created: 0,
    numChildren: 0,
  };
  return makeNode({ path: "/", value, ...counters, owner: null, guarded: false }, hash);
}

/** What the node says of itself. */
export function statOf(node: TreeNode): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
    version: node.version,
    cversion: 2 * node.created - node.numChildren,
    aversion: 0,
    ephemeralOwner: node.owner,
    dataLength: node.value.length,
    numChildren: node.numChildren,
  };
}

/** The node as it is given out. */
export function publicNode(node: TreeNode): Node {
  return { value: node.value, stat: statOf(node) };
}
