/** What `bench coord` can measure, in the order in which it does. */
export const coordFigures = [
  "lock",
  "contended",
  "takeover",
  "local-read",
  "linearizable-read",
  "sessions",
  "leases",
  "import",
  "start",
] as const;
export type CoordFigure = (typeof coordFigures)[number];

/** How long, how often, how many. */
export interface CoordExtent {
  readonly measureMs: number;
  /** Holders killed of each kind; processes started and modules loaded. */
  readonly trials: number;
  readonly sessions: number;
  readonly leases: number;
}

/** What to measure, and how to tell. */
export interface CoordOptions extends CoordExtent {
  readonly only: readonly CoordFigure[];
  /** Measure ZooKeeper's lock recipe beside ours. */
  readonly zooKeeper: boolean;
  readonly json: boolean;
}
