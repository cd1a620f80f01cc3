import type { RaftStatus } from "@flotilla/raft";
import type { HistogramData } from "../load/histogram.ts";

/** Who a member process is. */
export interface RaftMemberOptions {
  readonly id: string;
  readonly folder: string;
  readonly port: number;
  /** All three, this one among them. */
  readonly founders: readonly { readonly id: string; readonly address: string }[];
}

/** Proposals one after the other on each of `lanes`. */
export interface ProposeLoad {
  readonly lanes: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What the parent asks of a member; each is answered before the next is asked. */
export type RaftRequest =
  | { readonly type: "status" }
  | ({ readonly type: "load" } & ProposeLoad)
  /** Proposes until a command of a term above `term` is applied. */
  | { readonly type: "next-commit"; readonly term: number }
  /** Stops the event loop for so long. */
  | { readonly type: "block"; readonly ms: number }
  | { readonly type: "cpu" };

/** What was proposed here and applied here, within the measured interval. */
export interface LoadAnswer {
  readonly applied: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  readonly histogram: HistogramData;
}

/** CPU used by this process so far, and the moment on the system's monotonic clock. µs. */
export interface CpuAnswer {
  readonly cpuUs: number;
  readonly atUs: number;
}

/** What each request is answered with. */
export interface RaftAnswers {
  readonly status: RaftStatus;
  readonly load: LoadAnswer;
  /** The moment of the apply on the system's monotonic clock, µs. */
  readonly "next-commit": { readonly atUs: number };
  readonly block: object;
  readonly cpu: CpuAnswer;
}

/** An answer on its way to the parent. */
export interface Answered<T extends RaftRequest["type"]> {
  readonly request: T;
  readonly answer: RaftAnswers[T];
}

/** True for the answer to such a request. */
export function answers<T extends RaftRequest["type"]>(request: T, value: unknown): value is Answered<T> {
  return typeof value === "object" && value !== null && "request" in value && value.request === request;
}

/** The system's monotonic clock, the same in every process. µs. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
