/** What `bench kv` can measure, in the order in which it does. */
export const kvFigures = ["apply", "memory", "snapshot", "restore", "watchers"] as const;
export type KvFigure = (typeof kvFigures)[number];

/** How large and how often. */
export interface KvExtent {
  /** Nodes of the tree besides the root. */
  readonly nodes: number;
  /** Snapshots written, and restored. */
  readonly trials: number;
}

/** What to measure, and how to tell. */
export interface KvOptions extends KvExtent {
  readonly only: readonly KvFigure[];
  readonly json: boolean;
}
