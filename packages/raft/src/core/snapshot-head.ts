import type { Configuration } from "./config/configuration.ts";
import type { LogId } from "./types.ts";

/** Names one snapshot: whoever holds bytes of that hash for that entry holds the same snapshot. */
export interface SnapshotName {
  /** The last entry the state contains. */
  readonly last: LogId;
  /** SHA-256 of all bytes, as hex. */
  readonly hash: string;
}

/** What a snapshot stands for and how to tell that it is whole. */
export interface SnapshotHead extends SnapshotName {
  /** `timeMs` of entry `last`, so that time goes on from there. */
  readonly timeMs: number;
  /** In force at that entry. */
  readonly configuration: Configuration;
  readonly totalBytes: number;
}

/** Largest snapshot that is taken from a peer, bytes. */
export const maxSnapshotBytes: number = 2 ** 36;

export function isSameSnapshot(a: SnapshotName, b: SnapshotName): boolean {
  return a.hash === b.hash && a.last.index === b.last.index && a.last.term === b.last.term;
}
