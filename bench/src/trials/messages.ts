import type { LockSystem } from "../clients/lock.ts";

/** Writes through some servers while another one is hurt. */
export interface NextWriteJob {
  readonly type: "next-write";
  readonly system: LockSystem;
  /** Of the servers that clients are connected to. */
  readonly ports: readonly number[];
  /** Process that gets the signal once all clients have written. */
  readonly victim: number;
  readonly signal: "SIGKILL" | "SIGSTOP";
}

/** Holds a node of the shortest session that the system allows, until its process ends. */
export interface HoldJob {
  readonly type: "hold";
  readonly system: LockSystem;
  readonly port: number;
}

/** Sessions, each on a connection of its own, that stay until the process ends. */
export interface SessionsJob {
  readonly type: "sessions";
  readonly system: LockSystem;
  readonly ports: readonly number[];
  readonly count: number;
  readonly ttlSeconds: number;
}

/** Nothing but an event loop whose delay is asked for. */
export interface ControlJob {
  readonly type: "control";
}

/** What a process of this folder is for: its first message. */
export type TrialJob = NextWriteJob | HoldJob | SessionsJob | ControlJob;

/** What each job is answered with. */
export interface TrialAnswers {
  /** From the signal to the first acknowledgement of a write that was sent after it, ms. */
  readonly "next-write": { readonly ms: number };
  /** The node is there. */
  readonly hold: { readonly ttlMs: number };
  /** All are open. */
  readonly sessions: { readonly open: number };
  readonly control: { readonly open: number };
}

/** An answer on its way to the parent. */
interface TrialAnswered<T extends TrialJob["type"]> {
  readonly job: T;
  readonly answer: TrialAnswers[T];
}

/** True for the answer to such a job. */
export function answersTrial<T extends TrialJob["type"]>(job: T, value: unknown): value is TrialAnswered<T> {
  return typeof value === "object" && value !== null && "job" in value && value.job === job;
}
