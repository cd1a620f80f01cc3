import type { CronOptions, CronRun } from "@flotilla/coord/client";
import { sleep } from "../actors/actor.ts";
import type { Part } from "./part.ts";
import { believe, came, inRounds } from "./part.ts";

/** Every third second. */
export const beatMs = 3000;
/** Ticks that are made up for at most, where all are. */
export const maxMissed = 20;
const keepRuns = 500;

/** `alone`: no run beside another, and all ticks are made up for; `beside`: only the latest is. */
export const jobs: Readonly<Record<"alone" | "beside", CronOptions>> = {
  alone: { schedule: "*/3 * * * * *", missed: "all", maxMissed, overlap: "wait", keepRuns },
  beside: { schedule: "*/3 * * * * *", missed: "once", overlap: "allow", keepRuns },
};

export type JobName = keyof typeof jobs;

/** Runs the ticks of one of the jobs that it takes up, most of them to the end. */
export async function playCron(part: Part): Promise<void> {
  const { actor, coord, random, ending } = part;
  const job: JobName = random.chance(0.6) ? "alone" : "beside";
  const { crons } = actor.world.ledger.plays;
  const taking = { job, who: actor.name, clock: actor.host.clock };
  crons.add(taking);
  const cron = coord.cron(job, jobs[job]);
  await inRounds(part, () => cron.run((run) => work(part, job, run), { signal: ending }));
  crons.delete(taking);
}

async function work(part: Part, job: JobName, run: CronRun): Promise<void> {
  const { actor, coord, random } = part;
  const { beliefs, ledger } = actor.world;
  const { number, tickMs, epoch, lateMs } = run;
  const record = { job, session: coord.session.id, number, tickMs, epoch, lateMs, isDone: false };
  ledger.plays.runs.push(record);
  came(part, "cron/run");
  believe(part, run, job === "alone" ? "cron" : `cron-${number}`);
  await sleep(actor, random.below(random.chance(0.1) ? 2 * actor.ttlMs : 500));
  beliefs.givenUp(run);
  if (random.chance(0.1)) throw new Error("it failed");
  record.isDone = true;
}
