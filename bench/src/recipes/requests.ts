import type { HistogramData } from "../load/histogram.ts";

/** Systems that can count. */
export type CounterSystem = "flotilla" | "zookeeper";

/** Clients of their own connections that all add to one number all the time. */
export interface CounterJob {
  readonly type: "counter";
  readonly system: CounterSystem;
  readonly ports: readonly number[];
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Clients of their own connections that all put items and take them. */
export interface QueueJob {
  readonly type: "queue";
  readonly ports: readonly number[];
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Clients of their own connections that all take part in all jobs. */
export interface CronJob {
  readonly type: "cron";
  readonly ports: readonly number[];
  readonly clients: number;
  /** Each with a tick every second. */
  readonly jobs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What a process of `bench recipes` does, and then ends. */
export type RecipeJob = CounterJob | QueueJob | CronJob;

/** What each job is answered with. */
export interface RecipeAnswers {
  readonly counter: { readonly additions: number; readonly elapsedMs: number };
  readonly cron: { readonly ticks: number; readonly late: HistogramData };
  readonly queue: { readonly items: number; readonly elapsedMs: number };
}

/** An answer on its way to the parent. */
export interface RecipeAnswered<T extends keyof RecipeAnswers> {
  readonly job: T;
  readonly answer: RecipeAnswers[T];
}

/** True for the answer to such a job. */
export function answersRecipe<T extends keyof RecipeAnswers>(
  job: T,
  value: unknown,
): value is RecipeAnswered<T> {
  return typeof value === "object" && value !== null && "job" in value && value.job === job;
}
