import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "@flotilla/coord";
import { Histogram } from "../load/histogram.ts";
import type { CronJob, RecipeAnswers } from "./requests.ts";

const beatMs = 1_000;

/** The ticks of all jobs, as they were run. */
class Ticks {
  readonly late: Histogram = new Histogram();
  readonly #run = new Map<number, Set<number>>();
  #measuring = false;
  #count = 0;

  measure(): void {
    this.#measuring = true;
  }

  get count(): number {
    return this.#count;
  }

  /** @throws Error when a tick is run twice: a benchmark of no schedule is none */
  add(job: number, tickMs: number, lateMs: number): void {
    const ticks = this.#run.get(job) ?? new Set();
    if (ticks.has(tickMs)) throw new Error(`job ${job} ran twice at ${tickMs}`);
    ticks.add(tickMs);
    this.#run.set(job, ticks);
    if (!this.#measuring) return;
    this.#count += 1;
    this.late.record(lateMs);
  }

  /** @throws Error when a job left one out */
  requireAll(jobs: number): void {
    if (this.#run.size !== jobs) throw new Error(`only ${this.#run.size} of ${jobs} jobs ran`);
    for (const [job, ticks] of this.#run) {
      const span = Math.max(...ticks) - Math.min(...ticks);
      if (span !== (ticks.size - 1) * beatMs) throw new Error(`job ${job} left a tick out`);
    }
  }
}

/** All clients take part in all jobs, each of which has a tick every second. */
export async function keepTime(job: CronJob): Promise<RecipeAnswers["cron"]> {
  const { ports, clients, jobs, warmUpMs, measureMs } = job;
  const open = await Promise.all(
    Array.from({ length: clients }, (_, k) =>
      connect({ endpoints: [`127.0.0.1:${ports[k % ports.length] ?? 0}`] }),
    ),
  );
  const ticks = new Ticks();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const running = open.flatMap((coord) =>
    Array.from({ length: jobs }, (_, k) => {
      const cron = coord.cron(`job-${k}`, { schedule: "* * * * * *", missed: "all", overlap: "allow" });
      return cron.run(({ tickMs, lateMs }) => ticks.add(k, tickMs, lateMs), {
        signal: stop.signal,
        onError: (error) => stop.abort(error),
      });
    }),
  );
  const ended = Promise.all(running);
  await Promise.race([pause(warmUpMs), ended]);
  ticks.measure();
  await Promise.race([pause(measureMs), ended]);
  const failure: unknown = stop.signal.reason;
  stop.abort();
  await ended;
  await Promise.all(open.map((coord) => coord.close()));
  if (failure instanceof Error) throw failure;
  ticks.requireAll(jobs);
  return { ticks: ticks.count, late: ticks.late.toData() };
}
