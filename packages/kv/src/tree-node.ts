import type { CborWriter } from "@flotilla/runtime";
import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { hashText } from "./digest.ts";
import type { ItemHash } from "./digest.ts";
import type { LeaseId, Node, Stat } from "./types.ts";
import { NodePage, wordsOfNode } from "./node-page.ts";
import { bytesAt, noBytes } from "./values.ts";
import type { Chunk, Place } from "./values.ts";

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

/** A node of its own accord has no end, ends with its last child, or so many ms after it was last set. */
export const lifetime = { endless: 0, container: -1 } as const;

const itemKind = 1;

/** Numbers that may be large are kept in two words: what the low one counts up to. */
const wideBase = 2 ** 30;

// Where the words of a node are; wide ones take two.
const czxidAt = 0;
const mzxidAt = 2;
const pzxidAt = 4;
const ctimeAt = 6;
const mtimeAt = 8;
const versionAt = 10;
const createdAt = 12;
const lifetimeAt = 14;
const numChildrenAt = 16;
const flagsAt = 17;
const pathHashAt = 18;
const valueHashAt = 19;
const aAt = 20;
const bAt = 21;
const atAt = 22;
const lengthAt = 23;

const hasOwner = 1;
const isGuarded = 2;
const hasAccess = 4;

/**
 * A node as the tree keeps it: a look at its columns, always as they are now. Only the tree may have it changed, between
 * `edit` and `settle`.
 */
export class TreeNode implements NodeFacts, Place {
  #slot: number;
  #page: NodePage;
  #index: number;
  #words: Int32Array;
  #base: number;

  constructor(page: NodePage, index: number, slot: number) {
    this.#slot = slot;
    this.#page = page;
    this.#index = index;
    this.#words = page.words;
    this.#base = index * wordsOfNode;
  }

  /** Its number in its store. */
  get slot(): number {
    return this.#slot;
  }

  /** Becomes a look at another node: for who reads very many, one after the other. */
  move(page: NodePage, index: number, slot: number): void {
    this.#slot = slot;
    this.#page = page;
    this.#index = index;
    this.#words = page.words;
    this.#base = index * wordsOfNode;
  }

  get path(): string {
    return this.#page.paths[this.#index] ?? "";
  }

  get czxid(): number {
    return this.#wide(czxidAt);
  }

  get mzxid(): number {
    return this.#wide(mzxidAt);
  }

  set mzxid(revision: number) {
    this.#setWide(mzxidAt, revision);
  }

  get pzxid(): number {
    return this.#wide(pzxidAt);
  }

  set pzxid(revision: number) {
    this.#setWide(pzxidAt, revision);
  }

  /** Leader's wall time at creation, ms since the epoch. */
  get ctimeMs(): number {
    return this.#wide(ctimeAt);
  }

  /** Leader's wall time at the last set. */
  get mtimeMs(): number {
    return this.#wide(mtimeAt);
  }

  set mtimeMs(timeMs: number) {
    this.#setWide(mtimeAt, timeMs);
  }

  get version(): number {
    return this.#wide(versionAt);
  }

  set version(version: number) {
    this.#setWide(versionAt, version);
  }

  get created(): number {
    return this.#wide(createdAt);
  }

  set created(count: number) {
    this.#setWide(createdAt, count);
  }

  get numChildren(): number {
    return this.#word(numChildrenAt);
  }

  set numChildren(count: number) {
    this.#words[this.#base + numChildrenAt] = count;
  }

  get owner(): LeaseId | null {
    return this.#has(hasOwner) ? (this.#page.owners?.get(this.#index) ?? null) : null;
  }

  get guarded(): boolean {
    return this.#has(isGuarded);
  }

  get lifetime(): number {
    return this.#wide(lifetimeAt);
  }

  get access(): Access {
    return this.#has(hasAccess) ? (this.#page.accesses?.get(this.#index) ?? openAccess) : openAccess;
  }

  set access(access: Access) {
    const flags = this.#word(flagsAt);
    const isOpen = access === openAccess;
    this.#words[this.#base + flagsAt] = isOpen ? flags & ~hasAccess : flags | hasAccess;
    if (isOpen) this.#page.accesses?.delete(this.#index);
    else (this.#page.accesses ??= new Map()).set(this.#index, access);
  }

  get pathHash(): number {
    return this.#word(pathHashAt);
  }

  /** Hash of the value, kept because a change of a child does not touch it. */
  get valueHash(): number {
    return this.#word(valueHashAt);
  }

  set valueHash(hash: number) {
    this.#words[this.#base + valueHashAt] = hash;
  }

  /** The first word of its item in the digest; see {@link sealNode}. */
  get a(): number {
    return this.#word(aAt);
  }

  /** The second. */
  get b(): number {
    return this.#word(bAt);
  }

  get chunk(): Chunk {
    return this.#page.chunks[this.#index] ?? noBytes;
  }

  set chunk(chunk: Chunk) {
    this.#page.chunks[this.#index] = chunk;
  }

  get at(): number {
    return this.#word(atAt);
  }

  set at(at: number) {
    this.#words[this.#base + atAt] = at;
  }

  get length(): number {
    return this.#word(lengthAt);
  }

  set length(length: number) {
    this.#words[this.#base + lengthAt] = length;
  }

  /** Of a node of which nothing is set yet: everything but its value. */
  begin(facts: NodeFacts): void {
    const { path, owner } = facts;
    this.#page.paths[this.#index] = path;
    this.#words[this.#base + pathHashAt] = hashText(path);
    this.#setWide(czxidAt, facts.czxid);
    this.#setWide(mzxidAt, facts.mzxid);
    this.#setWide(pzxidAt, facts.pzxid);
    this.#setWide(ctimeAt, facts.ctimeMs);
    this.#setWide(mtimeAt, facts.mtimeMs);
    this.#setWide(versionAt, facts.version);
    this.#setWide(createdAt, facts.created);
    this.#setWide(lifetimeAt, facts.lifetime);
    this.#words[this.#base + numChildrenAt] = facts.numChildren;
    if (owner !== null) {
      (this.#page.owners ??= new Map()).set(this.#index, owner);
      this.#words[this.#base + flagsAt] = facts.guarded ? hasOwner | isGuarded : hasOwner;
    }
    if (facts.access !== openAccess) this.access = facts.access;
  }

  /** Becomes the same as another one, which has the same owner or has none while this one is new. */
  assign(other: TreeNode): void {
    const { path, chunk, owner, access } = other;
    this.#page.paths[this.#index] = path;
    this.#page.chunks[this.#index] = chunk;
    for (let at = 0; at < wordsOfNode; at += 1) this.#words[this.#base + at] = other.#word(at);
    if (owner !== null) (this.#page.owners ??= new Map()).set(this.#index, owner);
    this.access = access;
  }

  /** The two words of its item in the digest. */
  seal(a: number, b: number): void {
    this.#words[this.#base + aAt] = a;
    this.#words[this.#base + bAt] = b;
  }

  /** Writes its revisions and times, in the order of `NodeFacts`, of which none is made a number on the way. */
  writeMarks(writer: CborWriter): void {
    for (let at = czxidAt; at <= mtimeAt; at += 2) writer.wide(this.#word(at + 1), this.#word(at));
  }

  #has(flag: number): boolean {
    return (this.#word(flagsAt) & flag) !== 0;
  }

  #word(at: number): number {
    return this.#words[this.#base + at] ?? 0;
  }

  /** A small number is never made a large one on the way: large ones are objects. */
  #wide(at: number): number {
    const high = this.#word(at + 1);
    const low = this.#word(at);
    return high === 0 ? low : high * wideBase + low;
  }

  #setWide(at: number, value: number): void {
    const high = Math.floor(value / wideBase);
    this.#words[this.#base + at] = value - high * wideBase;
    this.#words[this.#base + at + 1] = high;
  }
}

const nowhere = new NodePage(0);

/** A look at nothing yet, to be moved. */
export function newLook(): TreeNode {
  return new TreeNode(nowhere, 0, 0);
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
  node.seal(hash.a, hash.b);
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
