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

/** Many that take part in shards, of whom one dies at a time. */
export interface ShardsJob {
  readonly type: "shards";
  readonly ports: readonly number[];
  readonly count: number;
  readonly participants: number;
  readonly rounds: number;
}

/** Processes that a keeper keeps, killed one after the other; then members that keep half of them. */
export interface KeeperJob {
  readonly type: "keeper";
  readonly ports: readonly number[];
  readonly replicas: number;
  readonly rounds: number;
  readonly lostRounds: number;
}

/** What a process of `bench recipes` does, and then ends. */
export type RecipeJob = CounterJob | QueueJob | CronJob | ShardsJob | KeeperJob;

/** What each job is answered with. */
export interface RecipeAnswers {
  readonly shards: { readonly tookMs: readonly number[] };
  readonly keeper: { readonly sameMs: readonly number[]; readonly lostMs: readonly number[] };
  readonly counter: { readonly additions: number; readonly elapsedMs: number };
  readonly cron: {
    readonly ticks: number;
    /** Run twice, or left out. */
    readonly wrong: number;
    readonly late: HistogramData;
  };
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
