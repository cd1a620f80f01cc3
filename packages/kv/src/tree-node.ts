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

/** Completes a node. `valueHash` must be that of the value. */
export function sealNode(fields: NodeFields, valueHash: number, hash: ItemHash): TreeNode {
  const {
    path,
    value,
    czxid,
    mzxid,
    pzxid,
    ctimeMs,
    mtimeMs,
    version,
    created,
    numChildren,
    owner,
    guarded,
  } = fields;
  hash.begin(itemKind).text(path).word(value.length).word(valueHash);
  hash.int(czxid).int(mzxid).int(pzxid).int(ctimeMs).int(mtimeMs).int(version).int(created).word(numChildren);
  hash
    .text(owner ?? "")
    .word(guarded ? 1 : 0)
    .end();
  const { a, b } = hash;
  return {
    path,
    value,
    czxid,
    mzxid,
    pzxid,
    ctimeMs,
    mtimeMs,
    version,
    created,
    numChildren,
    owner,
    guarded,
    valueHash,
    a,
    b,
  };
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
  return sealNode({ path: "/", value, ...counters, owner: null, guarded: false }, hashBytes(value), hash);
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
