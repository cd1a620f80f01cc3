import type { WriteOptions } from "../../client/api.ts";
import type { ReadOptions } from "../../client/read-api.ts";
import type { Held } from "../api.ts";
import type { Shard } from "../shards/api.ts";

/** What a worker stands in, for as long as it is owned here. */
export interface Slot
  extends Pick<Held, "epoch" | "expiresIn" | "fence" | "signal">, Pick<Shard, "draining"> {
  /** From 0, below the number of workers wanted; one worker at a time has it. */
  readonly index: number;
  /** @throws FlotillaError `ERR_FLOTILLA_LOST`, synchronously, also right after a blocked event loop */
  assert(): void;
}

/** A worker that was started. */
export interface KeptWorker {
  /**
   * Settles once nothing of it runs any more: resolves with how it ended, in words, or rejects with the error that ended it.
   */
  readonly ended: Promise<string>;
  /** Asks it to end: its slot is to be handed over, or the keeper ends. A throw counts as not asked. */
  stop(): void;
  /**
   * Makes it end at once, as far as that can be done: the slot is lost, or its time to end is over. After a throw it runs on
   * without its slot, as one that nothing can end; the keeper waits for its end none the less.
   */
  kill(): void;
}

/**
 * Starts one worker, in the turn it is called. A throw counts as a worker that ended at once; to return anything but a
 * worker, such as a promise of one, ends `run`.
 */
export type WorkerDriver = (slot: Slot) => KeptWorker;

/** How soon a worker that ended is replaced. */
export interface RestartOptions {
  /** Before the second restart in a row; the first is at once, and each further one waits twice as long. Default 100. */
  readonly backoffMs?: number;
  /** Longest such wait, ms. Default 30,000. */
  readonly maxBackoffMs?: number;
  /** A worker that ran so long begins a new row, ms. Default 10,000. */
  readonly steadyMs?: number;
  /** Restarts of a slot within `budgetMs` at most; then it waits until there is room. Default 20. */
  readonly budget?: number;
  /** Default 300,000. */
  readonly budgetMs?: number;
}

export interface KeeperOptions {
  /** How many workers there are to be in the cluster while nobody has scaled it, 0 to 4,096. Default 1. */
  readonly replicas?: number;
  /** Starts a worker. Not needed by those who only look and scale. */
  readonly driver?: WorkerDriver;
  /**
   * Hears what `driver`, or `stop` or `kill` of a worker, threw, and what a worker rejected with; a promise that it returns is
   * waited for. What it throws, or that promise rejects with, ends `run` unless the slot is lost by then. Default: the
   * status tells, in words.
   */
  readonly onError?: (error: unknown, slot: Slot) => unknown;
  /** An integer from 0 to 1,000: more weight, more workers. Default 1. */
  readonly weight?: number;
  /** How long a worker may take to end when it is asked to, ms. Default 10,000. */
  readonly drainMs?: number;
  readonly restarts?: RestartOptions;
  /** Name shown to others. Default: the session's id. */
  readonly id?: string;
  /** What others see of where a worker runs, such as an address. Default empty. */
  readonly value?: string;
}

/**
 * - `vacant`: nobody has the slot.
 * - `starting`: somebody has, and its worker has not been started yet.
 * - `running`: its worker runs.
 * - `backoff`: its worker ended, and the next one is started later.
 */
export type SlotState = "vacant" | "starting" | "running" | "backoff";

export interface SlotStatus {
  readonly index: number;
  readonly state: SlotState;
  /** Who has the slot; null when vacant. */
  readonly owner: { readonly id: string; readonly value: string; readonly epoch: number } | null;
  /** Workers that were started anew since the owner has it. */
  readonly restarts: number;
  /** How the last one ended; null when none did. */
  readonly lastEnd: string | null;
}

export interface KeeperStatus {
  /** How many workers there are to be. */
  readonly replicas: number;
  /** By index; also slots that are about to be given up. */
  readonly slots: readonly SlotStatus[];
}

/** Keeps so many workers alive, spread over whoever runs it. */
export interface Keeper {
  readonly name: string;
  /**
   * Takes part: keeps a worker running in each slot that it comes to own. Ends when `signal` fires (resolves; all workers
   * were asked to end, and have), or when the session ends (rejects).
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` without a driver, and for one that returns no worker
   */
  run(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** So many workers from now on, 0 to 4,096; null: as many as `replicas` of whoever runs it for longest says. */
  scale(replicas: number | null, options?: WriteOptions): Promise<void>;
  status(options?: ReadOptions): Promise<KeeperStatus>;
}
