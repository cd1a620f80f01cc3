import { Digest, ItemHash } from "./digest.ts";
import { SessionTable } from "./session-table.ts";
import { Tree } from "./tree.ts";
import { rootFacts } from "./tree-node.ts";
import type { WatchToken } from "./types.ts";

const stateKind = 0;

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

/** Digest of a state whose last event is `token`, as 16 hex characters. */
export function digestOf({ digest, hash }: State, token: WatchToken): string {
  hash.begin(stateKind).int(token.revision).int(token.ordinal).end();
  return digest.textWith(hash.a, hash.b);
}
