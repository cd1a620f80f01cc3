import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import type { Held } from "../api.ts";

export interface CronOptions {
  /** Five fields, six with seconds in front, or a nickname such as `@hourly`, as the library croner reads them. */
  readonly schedule: string;
  /** An IANA name. Default `UTC`. */
  readonly timeZone?: string;
  /**
   * What becomes of ticks while nobody was there to run them: none is made up for, unless it is at most `graceMs` late;
   * only the latest is, however late; or each of the latest `maxMissed`, oldest first. Default `skip`.
   */
  readonly missed?: "skip" | "once" | "all";
  /** With `skip`: default 60,000; at most 86,400,000. */
  readonly graceMs?: number;
  /** With `all`: 1 to 1,000. Default 100. */
  readonly maxMissed?: number;
  /**
   * A tick while an earlier run goes on, anywhere: runs beside it, is passed over and recorded as `skipped`, or waits for
   * its end. Default `skip`.
   */
  readonly overlap?: "allow" | "skip" | "wait";
  /** Runs that are remembered, 1 to 1,000; everybody has to give the same. Default 100. */
  readonly keepRuns?: number;
}

/** The run of one tick: nobody else runs that tick, or ever will. */
export interface CronRun extends Omit<Held, "release" | typeof Symbol.asyncDispose> {
  /** The job and the tick: the same whoever asks, for work that must not be done twice. */
  readonly id: string;
  /** Grows by 1 from one tick that was taken up to the next. */
  readonly number: number;
  /** The moment of the schedule, ms since the epoch. */
  readonly tickMs: number;
  /** How long after that it was taken up, by this machine's wall clock. */
  readonly lateMs: number;
}

export interface CronRecord {
  readonly id: string;
  readonly number: number;
  readonly tickMs: number;
  /** `lost`: whoever ran it is gone, or gave up; how far it came is not known. */
  readonly state: "running" | "done" | "failed" | "skipped" | "lost";
  /** Session of who took it up. */
  readonly by: string;
  /** Leader's wall time, ms since the epoch. */
  readonly startedMs: number;
  /** Null while it runs, and when nobody told. */
  readonly endedMs: number | null;
  /** What it failed with; empty otherwise. */
  readonly error: string;
}

export interface CronRunOptions {
  /** Ends it; resolves once every call has settled. */
  readonly signal?: AbortSignal;
  /**
   * Hears what a run threw; a promise that it returns is waited for. What it throws, or that promise rejects with, ends
   * `run`, which rejects with the first such error.
   */
  readonly onError?: (error: unknown, run: CronRun) => unknown;
}

export interface HistoryOfRunsOptions extends ReadOptions {
  /** 1 to 1,000. Default: all that are remembered. */
  readonly limit?: number;
}

/** A job that runs once in the cluster at each tick of a schedule, on whichever member takes the tick up first. */
export interface Cron {
  readonly name: string;
  readonly path: string;
  /**
   * Takes part: calls `fn` for ticks that this process takes up. A tick is taken up by one command of the log before
   * `fn` is called, and at most once; a run whose process dies is not repeated. Ends when `signal` fires (resolves) or the
   * session ends or `onError` throws (rejects), once every call has settled.
   */
  run(fn: (run: CronRun) => Promise<void> | void, options?: CronRunOptions): Promise<void>;
  /** The latest first. */
  history(options?: HistoryOfRunsOptions): Promise<readonly CronRecord[]>;
  /**
   * The first tick after a moment, ms since the epoch; null when there is none any more. Default: after now.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
   */
  next(afterMs?: number): number | null;
  /** Deletes what is remembered; the next to take part begins anew. @throws FlotillaError `ERR_FLOTILLA_HELD` while one runs */
  forget(options?: CallOptions): Promise<void>;
}
