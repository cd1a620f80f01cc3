import type { SystemName } from "../clients/open.ts";
import type { Spent, Watched } from "../machine/usage.ts";
import type { HistogramData } from "./histogram.ts";

/** One operation of a workload: a durable write, a linearizable read, a read of what the server at hand has. */
export type Operation = "set" | "get" | "getLocal";

/** How hard, and for how long. */
export interface LoopOptions {
  readonly operation: Operation;
  /** Operations under way on each connection. */
  readonly depth: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly watched: Watched;
}

/** What a load generator is to do. */
export interface Job extends LoopOptions {
  readonly system: SystemName;
  /** Of the servers; connections go to them in turn. */
  readonly ports: readonly number[];
  readonly connections: number;
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
