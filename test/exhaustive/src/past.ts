import type { Index, Term } from "@flotilla/raft";

/** What the whole has said and done so far that later steps must agree with. */
export interface Past {
  /** Terms of committed entries; position 0 is entry 1. */
  readonly committed: readonly Term[];
  /** The terms in which they were first known committed. */
  readonly committedIn: readonly Term[];
  /** What was applied; position 0 is entry 1. */
  readonly applied: readonly string[];
  /** Who led in a term, by its number: id and data. */
  readonly leaders: readonly (string | null)[];
  /** Who voted in which term, and for whom. */
  readonly votes: readonly string[];
  /** Numbers of proposals that were said to be lost for certain. */
  readonly lost: readonly number[];
  /** What each read must show at least; null once it was answered. */
  readonly reads: readonly (Index | null)[];
}

export const nothing: Past = {
  committed: [],
  committedIn: [],
  applied: [],
  leaders: [],
  votes: [],
  lost: [],
  reads: [],
};
