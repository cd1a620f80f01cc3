/** What `bench raft` can measure, in the order in which it does. */
export const raftFigures = [
  "mutants",
  "speed",
  "throughput",
  "latency",
  "failover",
  "stall",
  "idle",
] as const;
export type RaftFigure = (typeof raftFigures)[number];

/** How long and how often to measure. */
export interface Extent {
  readonly measureMs: number;
  /** Leaders to kill. */
  readonly trials: number;
}

/** What to measure, and how to tell. */
export interface RaftOptions extends Extent {
  readonly only: readonly RaftFigure[];
  /** Run the mutants too, for half an hour and more. */
  readonly mutants: boolean;
  /** File with what a complete run of them printed as JSON; null: none. */
  readonly results: string | null;
  readonly json: boolean;
}
