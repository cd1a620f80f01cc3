import type { Index, Term } from "../core/types.ts";

/** A committed command, as every replica sees it. */
export interface Command {
  readonly index: Index;
  readonly term: Term;
  /** Leader's wall time at append, ms since the epoch; never decreases along the log, nor stands still in a term. */
  readonly timeMs: number;
  readonly payload: Uint8Array;
}

/** A state fixed at the moment it was taken, written out later in slices. */
export interface Snapshot {
  /**
   * Yields the whole state in slices of at most 256 KiB; each call of `next` does a bounded piece of work, and may use
   * the memory of the slice before it again. Equal states should give equal bytes: then members that took a snapshot at
   * the same entry can serve each other's.
   */
  chunks(): Iterable<Uint8Array>;
}

/**
 * A state being built out of a snapshot, beside the one in use, with the event loop free after each call. The bytes may
 * be other ones than were written until all of them are there: refuse them with a throw. It may be left unfinished.
 */
export interface Restoring {
  /** Takes the next bytes, at most 256 KiB, which nobody changes from now on. */
  write(bytes: Uint8Array): void;
  /** Does a bounded piece of work, 2 ms at most; false when nothing is left to do with the bytes that are here. */
  work(): boolean;
  /** All bytes were there and are those of the snapshot: a throw from here on stops the node. */
  prove(): void;
  /** Puts the new state in the place of the one in use, which may have changed meanwhile. Quick. */
  replace(): void;
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
  /**
   * Begins to build the state of a snapshot; `lastIndex` is the entry it stands for. Nothing of the state in use changes
   * before `replace`. For a small state: `restoreAtOnce`.
   */
  beginRestore(lastIndex: Index): Restoring;
}
