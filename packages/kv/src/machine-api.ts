import type { Sequence } from "./types.ts";

/** Where a command stands in the log. */
export interface ApplyPoint {
  /** Index in the log; grows from one command to the next. */
  readonly index: number;
  /** The leader's wall time at append, ms since the epoch. */
  readonly timeMs: number;
}

/** Which part of a list of children. */
export interface PageOptions {
  /** The last name of the page before. Default: from the start. */
  readonly after?: string;
  /** Names at most, 1 to 10,000. Default 10,000. */
  readonly limit?: number;
}

/** Which of the nodes that may end of their own accord to look at. */
export interface ReapableQuery {
  /** Wall time, ms since the epoch. */
  readonly timeMs: number;
  /** `next` of the page before; null: from the start. */
  readonly after: string | null;
  /** Paths at most. */
  readonly limit: number;
  /** Nodes to look at, at most. */
  readonly looks: number;
}

/** The whole state as it was at one command, also while later commands are applied. */
export interface MachineSnapshot {
  /** Log index of the last command in it. */
  readonly index: number;
  readonly digest: string;
  readonly nodes: number;
  readonly leases: number;
  readonly sessions: number;
  /** The bytes in slices of 64 KiB, the last one shorter. May be called more than once; the bytes are the same. */
  chunks(): Sequence<Uint8Array>;
  /** As `chunks`, for who is done with a slice before it asks for the next one, which uses its memory again. */
  lend(): Sequence<Uint8Array>;
}
