import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "@flotilla/coord";
import { Histogram } from "../load/histogram.ts";
import type { CronJob, RecipeAnswers } from "./requests.ts";

const beatMs = 1_000;
/** How long ticks that are late in the end are waited for, and how often they are looked for. */
const patienceMs = 180_000;
const pollMs = 250;

/** The ticks of all jobs, as they were run. */
class Ticks {
  readonly late: Histogram = new Histogram();
  readonly #run = new Map<number, Set<number>>();
  #measuring = false;
  #count = 0;
  #twice = 0;

  measure(): void {
    this.#measuring = true;
  }

  get count(): number {
    return this.#count;
  }

  add(job: number, tickMs: number, lateMs: number): void {
    const ticks = this.#run.get(job) ?? new Set();
    if (ticks.has(tickMs)) this.#twice += 1;
    ticks.add(tickMs);
    this.#run.set(job, ticks);
    if (!this.#measuring) return;
    this.#count += 1;
    this.late.record(lateMs);
  }

  get twice(): number {
    return this.#twice;
  }

  /** Ticks up to a moment, from the first of each job, that nobody has run. @throws Error when a job never ran */
  leftOut(jobs: number, upToMs: number): number {
    if (this.#run.size !== jobs) throw new Error(`only ${this.#run.size} of ${jobs} jobs ran`);
    let count = 0;
    for (const ticks of this.#run.values())
      for (let tickMs = Math.min(...ticks); tickMs <= upToMs; tickMs += beatMs)
        if (!ticks.has(tickMs)) count += 1;
    return count;
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
        // It was not run, which counts.
        onError: (error, { id }) => process.stderr.write(`${id}: ${String(error)}\n`),
      });
    }),
  );
  const ended = Promise.all(running);
  await Promise.race([pause(warmUpMs), ended]);
  ticks.measure();
  await Promise.race([pause(measureMs), ended]);
  // What is taken up by somebody who stops is run by nobody: only what was due before counts, and has its time.
  const upToMs = Date.now();
  const lastMs = performance.now() + patienceMs;
  while (ticks.leftOut(jobs, upToMs) > 0 && performance.now() < lastMs) await pause(pollMs);
  const wrong = ticks.twice + ticks.leftOut(jobs, upToMs);
  stop.abort();
  await ended;
  await Promise.all(open.map((coord) => coord.close()));
  return { ticks: ticks.count, wrong, late: ticks.late.toData() };
}
