import type { CronRecord } from "@flotilla/coord/client";
import { Command } from "commander";
import type { Context } from "../cli/context.ts";
import { addDetail, addListing, type Listing } from "../cli/listing.ts";
import { since } from "../cli/values.ts";

interface JobReport {
  /** The latest first; it alone in a listing. */
  readonly runs: readonly CronRecord[];
}

const jobs: Listing<JobReport> = {
  plural: "jobs",
  folder: "/cron",
  // Of the history the schedule is no part.
  read: async (coord, name, isOne) => ({
    runs: await coord.cron(name, { schedule: "@daily" }).history(isOne ? {} : { limit: 1 }),
  }),
  head: ["JOB", "RUNS", "TICK", "STATE", "BY"],
  row: ({ name, runs }) => {
    const [latest] = runs;
    const last = latest === undefined ? ["-", "-", "-"] : [since(latest.tickMs), latest.state, latest.by];
    return [name, String(latest?.number ?? 0), ...last];
  },
  headOfOne: ["RUN", "TICK", "STATE", "BY", "STARTED", "ENDED", "ERROR"],
  rowsOfOne: ({ runs }) =>
    runs.map(({ number, tickMs, state, by, startedMs, endedMs, error }) => [
      String(number),
      since(tickMs),
      state,
      by,
      since(startedMs),
      endedMs === null ? "-" : since(endedMs),
      error,
    ]),
};

/** `flotilla cron`: what jobs there are, and what became of their ticks. */
export function cronCommand(context: Context): Command {
  const ls = new Command("ls").description("list the jobs and their latest runs");
  const history = new Command("history").description("list the runs of a job that are remembered");
  return new Command("cron")
    .description("show the jobs of schedules and their runs")
    .addCommand(addListing(ls, context, jobs))
    .addCommand(addDetail(history, context, jobs));
}
