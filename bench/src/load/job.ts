import type { SystemName } from "../clients/open.ts";
import type { Spent, Watched } from "../machine/usage.ts";
import type { HistogramData } from "./histogram.ts";

/**
 * One operation of a workload:
 * - `set`, `get`, `getLocal`: a durable write, a linearizable read, a read of what the server at hand has.
 * - `ephemeral`: makes an ephemeral sequential node and deletes it.
 * - `mixed`, `mixedLocal`: nine reads in ten, linearizable or local; the others write.
 * - `lock`: takes the one lock of all connections and gives it back.
 * - `watch`: one change that every watcher is told; how long until the last one knows its value.
 * - `watchEvent`: the same, of ZooKeeper, where an event tells no value: until the last one knows that it changed.
 */
export type Operation =
  | "set"
  | "get"
  | "getLocal"
  | "ephemeral"
  | "mixed"
  | "mixedLocal"
  | "lock"
  | "watch"
  | "watchEvent";

/** What one connection can do by itself. */
export type SimpleOperation = Exclude<Operation, "lock" | "watch" | "watchEvent">;

/** How hard, and for how long. */
export interface LoopOptions {
  /** Operations under way on each connection. */
  readonly depth: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly watched: Watched;
}

/** What a load generator is to do. */
export interface Job extends LoopOptions {
  readonly system: SystemName;
  readonly operation: Operation;
  /** Of the servers; connections go to them in turn. */
  readonly ports: readonly number[];
  readonly connections: number;
  /** Spread over the connections; 0 but for `watch` and `watchEvent`. */
  readonly watchers: number;
  readonly valueBytes: number;
}

/** What one measured interval gave. */
export interface LoadResult {
  readonly operations: number;
  readonly elapsedMs: number;
  readonly histogram: HistogramData;
  readonly spent: Spent;
  /** The interval on the system's monotonic clock, µs. */
  readonly fromUs: number;
  readonly toUs: number;
}

/** True for what a generator sends back. */
export function isLoadResult(value: unknown): value is LoadResult {
  return typeof value === "object" && value !== null && "histogram" in value && "spent" in value;
}
