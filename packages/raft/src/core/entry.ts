import type { Index, LogId, Term } from "./types.ts";

/** What an entry carries: nothing, a state machine command, or a configuration. */
export type EntryKind = "noop" | "command" | "config";

/**
 * One log entry. `frame` holds the same facts encoded once by the leader, checksum included: these bytes
 * are what every disk and every wire carries. `payload` is a view into it, which may be made anew each time.
 */
export interface Entry extends LogId {
  readonly index: Index;
  readonly term: Term;
  /** Leader's wall time at append, ms since the epoch; never decreases along the log, nor stands still in a term. */
  readonly timeMs: number;
  readonly kind: EntryKind;
  readonly payload: Uint8Array;
  readonly frame: Uint8Array;
}
