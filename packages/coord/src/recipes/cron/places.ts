import { FlotillaError } from "@flotilla/runtime";
import { ensurePath } from "../names.ts";
import type { Calls } from "../patient.ts";

/**
 * The nodes of a job. `last` holds the tick that was taken up last; how often it was set numbers the runs. `runs/NUMBER`
 * is the record of a run, in a ring of so many as are kept; `running/NUMBER` is ephemeral and stands while it goes on.
 */
export interface CronPlaces {
  readonly base: string;
  readonly last: string;
  readonly runs: string;
  readonly running: string;
}

export function cronPlaces(name: string): CronPlaces {
  const base = `/cron/${name}`;
  return { base, last: `${base}/last`, runs: `${base}/runs`, running: `${base}/running` };
}

const digits = 12;

/** Names sort like the numbers. */
export function nameOfRun(number: number): string {
  return String(number).padStart(digits, "0");
}

export function pathOfRecord({ runs }: CronPlaces, number: number, keepRuns: number): string {
  return `${runs}/${nameOfRun(number % keepRuns)}`;
}

/** Makes them when they are absent: the schedule begins at this moment. */
export async function ensureCron(
  calls: Pick<Calls, "clock" | "create">,
  places: CronPlaces,
  nowMs: number,
): Promise<void> {
  for (;;) {
    await ensurePath(calls, places.runs);
    await ensurePath(calls, places.running);
    try {
      await calls.create(places.last, String(nowMs));
      return;
    } catch (error) {
      if (FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) return;
      // Forgotten meanwhile: from the top.
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
  }
}
