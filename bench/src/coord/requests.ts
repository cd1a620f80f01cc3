import type { LockSystem } from "../clients/lock.ts";
import type { HistogramData } from "../load/histogram.ts";
import type { MemberOptions } from "../embedded/messages.ts";

/** One client that takes and gives back a lock nobody else wants, beside one that writes. */
export interface AloneJob {
  readonly type: "alone";
  readonly port: number;
  readonly rounds: number;
  /** Of each kind in every round. */
  readonly measureMs: number;
}

/** Clients of their own connections that all want one lock all the time. */
export interface TurnsJob {
  readonly type: "turns";
  readonly system: LockSystem;
  readonly ports: readonly number[];
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Sessions, each on a socket of its own, that stay until the process ends. */
export interface SessionsJob {
  readonly type: "sessions";
  readonly ports: readonly number[];
  readonly sessions: number;
  /** Further leases of each. */
  readonly leases: number;
  readonly ttlMs: number;
}

/** A member that others of its kind wait for. */
export interface HolderJob {
  readonly type: "holder";
  readonly member: MemberOptions;
  readonly sessionTtlMs: number;
}

/** What a process of `bench coord` is for: its first message. */
export type CoordJob = AloneJob | TurnsJob | SessionsJob | HolderJob;

/** What a holder is told to do. */
export type HolderRequest =
  | { readonly type: "role" }
  /** Answered once the lock is held. */
  | { readonly type: "hold" }
  /** Answered once so many wait for the lock. */
  | { readonly type: "waiters"; readonly count: number }
  | { readonly type: "release" }
  /** Answered when the node begins to close, which ends the process. */
  | { readonly type: "close" };

/** What each job, and each request of a holder, is answered with. */
export interface CoordAnswers {
  readonly alone: { readonly lock: readonly HistogramData[]; readonly write: readonly HistogramData[] };
  readonly turns: { readonly handOvers: number; readonly elapsedMs: number; readonly wait: HistogramData };
  readonly sessions: object;
  readonly holder: object;
  readonly role: { readonly leads: boolean };
  /** On the system's monotonic clock, µs. */
  readonly hold: { readonly atUs: number };
  readonly waiters: object;
  readonly release: object;
  readonly close: { readonly atUs: number };
}

/** An answer on its way to the parent. */
export interface CoordAnswered<T extends keyof CoordAnswers> {
  readonly request: T;
  readonly answer: CoordAnswers[T];
}

/** True for the answer to such a request. */
export function answersCoord<T extends keyof CoordAnswers>(
  request: T,
  value: unknown,
): value is CoordAnswered<T> {
  return typeof value === "object" && value !== null && "request" in value && value.request === request;
}
