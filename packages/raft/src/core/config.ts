import type { Index, NodeId } from "./types.ts";

/** One voting member. */
export interface Voter {
  readonly id: NodeId;
  /** Where to dial it: `host:port`. Names stay names. */
  readonly address: string;
  /**
   * Random name of this member's data, 16 bytes as hex; empty only in the founding configuration, where
   * the first election collects it. Votes and acknowledgements count only from this incarnation.
   */
  readonly incarnation: string;
}

/** The membership in force from the entry that carries it. */
export interface Configuration {
  /** Index of the entry that set it; 0 for the founding configuration. */
  readonly index: Index;
  /** Random name of the cluster's history, 16 bytes as hex; empty only in the founding configuration. */
  readonly historyId: string;
  /** Sorted by id. */
  readonly voters: readonly Voter[];
}
