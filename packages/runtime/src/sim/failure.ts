import { inspect } from "node:util";
import type { Scheduler } from "./scheduler.ts";
import { formatTraceEntry } from "./trace.ts";

const shownEntries = 20;

/** A run that went wrong, with all that is needed to look at it again. */
export class SimulationError extends Error {
  override readonly name: string = "SimulationError";
  readonly seed: number | string;
  /** Virtual milliseconds. */
  readonly atMs: number;
  /** Of the run up to here. */
  readonly traceHash: string;
  /** The last events of every node, for people. */
  readonly report: string;

  constructor(message: string, scheduler: Scheduler, cause?: unknown) {
    const atMs = scheduler.nowUs / 1000;
    const digest = scheduler.hash.digest();
    const detail = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : inspect(cause)}`;
    super(
      `${message}${detail} (seed ${String(scheduler.seed)}, ${atMs} ms, ${scheduler.count} events, trace ${digest})`,
      cause === undefined ? undefined : { cause },
    );
    this.seed = scheduler.seed;
    this.atMs = atMs;
    this.traceHash = digest;
    this.report = scheduler
      .traced()
      .map((node) => {
        const lines = scheduler.recent(node).slice(-shownEntries).map(formatTraceEntry);
        return `${node === "" ? "(harness)" : node}\n${lines.join("\n")}`;
      })
      .join("\n");
  }
}
