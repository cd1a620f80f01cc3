/** A member's stable name: 1–64 characters of `[A-Za-z0-9._-]`. */
export type NodeId = string;

/** Election term, from 1; 0 means none. Checked integer below 2^53. */
export type Term = number;

/** Position in the log, from 1; 0 is the empty log. Checked integer below 2^53. */
export type Index = number;

/** The identity of one entry. */
export interface LogId {
  readonly index: Index;
  readonly term: Term;
}

/** What must survive a crash beside the log itself. */
export interface HardState {
  readonly term: Term;
  /** Whom this node voted for in `term`; null when nobody. */
  readonly vote: NodeId | null;
}

/** A member's role as it sees it itself. `precandidate` asks whether a campaign could succeed. */
export type Role = "follower" | "precandidate" | "candidate" | "leader";
