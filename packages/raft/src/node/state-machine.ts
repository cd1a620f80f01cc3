import type { Index, Term } from "../core/types.ts";

/** A committed command, as every replica sees it. */
export interface Command {
  readonly index: Index;
  readonly term: Term;
  /** Leader's wall time at append, ms since the epoch; never decreases along the log. */
  readonly timeMs: number;
  readonly payload: Uint8Array;
}

/** A state fixed at the moment it was taken, written out later in slices. */
export interface Snapshot {
  /**
   * Yields the whole state in slices of at most 256 KiB; each call of `next` does a bounded piece of work. Equal
   * states should give equal bytes: then members that took a snapshot at the same entry can serve each other's.
   */
  chunks(): Iterable<Uint8Array>;
}

/** A state being built out of a snapshot, beside the one in use. It may be left unfinished. */
export interface Restoring {
  /** Takes the next bytes, at most 256 KiB; each call does a bounded piece of work. */
  write(bytes: Uint8Array): void;
  /** All bytes were there: puts the new state in the place of the one in use. */
  finish(): void;
}

/** What the log drives. Every method is synchronous and deterministic; a throw stops the node. */
export interface StateMachine {
  /**
   * True when `apply` can take that payload, whatever the state. Asked before a proposal enters the log, whether
   * proposed here or handed over by another member. Absent: `apply` takes anything.
   */
  accepts?(payload: Uint8Array): boolean;
  /** Applies the next command. The result goes to whoever proposed it here. */
  apply(command: Command): unknown;
  /**
   * Passes over a command that stops every replica, as an operator decided for all of them alike. What it changes must
   * be part of snapshots. Default: nothing happens.
   */
  skip?(command: Command): unknown;
  /** Fixes the current state in O(1). */
  snapshot(): Snapshot;
  /** Replaces the whole state. `lastIndex` is the entry the snapshot stands for. */
  restore(bytes: Uint8Array, lastIndex: Index): void;
  /** Like `restore`, in slices with the event loop free between them, for snapshots that arrive while the node runs. */
  beginRestore?(lastIndex: Index): Restoring;
}
