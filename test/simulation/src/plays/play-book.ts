import type { Clock } from "@flotilla/runtime";
import type { JobName } from "./cron.ts";

/** An item that somebody wanted in the queue. */
export interface QueuePut {
  readonly session: string;
  readonly value: string;
  /** Once it is known to be there. */
  readonly id: string | null;
}

/** What somebody who had an item wanted to become of it. */
export interface QueueSettling {
  readonly session: string;
  readonly item: string;
  /** Of the claim. */
  readonly epoch: number;
  readonly way: "ack" | "release" | "bury";
  /** `lost`: it was no longer this one's. */
  outcome: "ok" | "lost" | "unknown";
}

/** The run of a tick. */
export interface PlayedRun {
  readonly job: JobName;
  readonly session: string;
  readonly number: number;
  readonly tickMs: number;
  readonly epoch: number;
  readonly lateMs: number;
  /** It came to its end. */
  isDone: boolean;
}

/** A place in a round that somebody was told of. */
export interface BarrierEntry {
  readonly session: string;
  readonly epoch: number;
  readonly index: number;
}

/** What those who take part in recipes asked and were told. */
export class PlayBook {
  readonly puts: QueuePut[] = [];
  readonly settlings: QueueSettling[] = [];
  /** Versions of the config that somebody was told to have made, each as text. */
  readonly versions: string[] = [];
  readonly runs: PlayedRun[] = [];
  /** Who takes up ticks. Whoever died is still there. */
  readonly crons: Set<{ readonly job: JobName; readonly who: string; readonly clock: Clock }> = new Set();
  readonly entries: BarrierEntry[] = [];
  /** Who has left a round, and was told that all others have, at a revision. */
  readonly leaves: { readonly epoch: number; readonly revision: number }[] = [];
  /** Latches that somebody saw open, at a revision. */
  readonly openLatches: { readonly name: string; readonly revision: number }[] = [];
  /** Keys that somebody was told to have counted. */
  readonly counted: { readonly name: string; readonly key: string; readonly session: string }[] = [];
}
