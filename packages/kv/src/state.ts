import { Digest, ItemHash } from "./digest.ts";
import { SessionTable } from "./session-table.ts";
import { Tree } from "./tree.ts";
import { rootFacts } from "./tree-node.ts";
import type { WatchToken } from "./types.ts";

const stateKind = 0;

/** What a cluster stands at, besides its tree and its sessions. */
export interface Standing {
  /** The last event. */
  readonly token: WatchToken;
  /** Leader's time for which no node is made that ends with a lease, after a restore; 0: they are. */
  readonly graceMs: number;
  /** The feature level agreed on. */
  readonly featureLevel: number;
}

/** Everything that is the same on all replicas. */
export interface State {
  readonly digest: Digest;
  readonly hash: ItemHash;
  readonly tree: Tree;
  readonly sessions: SessionTable;
}

/** A state with nothing in it, not even a root. */
export function bareState(): State {
  const digest = new Digest();
  const hash = new ItemHash();
  return { digest, hash, tree: new Tree(digest, hash), sessions: new SessionTable(digest, hash) };
}

/** The state before the first command. */
export function emptyState(): State {
  const state = bareState();
  state.tree.add(rootFacts, new Uint8Array(0));
  return state;
}

/** Digest of a whole state, as 16 hex characters. */
export function digestOf({ digest, hash }: State, { token, graceMs, featureLevel }: Standing): string {
  hash.begin(stateKind).int(token.revision).int(token.ordinal).int(graceMs).int(featureLevel).end();
  return digest.textWith(hash.a, hash.b);
}
