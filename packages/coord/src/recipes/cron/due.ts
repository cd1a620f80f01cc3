import type { CronOptions } from "./api.ts";
import type { Schedule } from "./schedule.ts";

/** What becomes of ticks that nobody ran in time. */
export type Missed = Required<Pick<CronOptions, "missed" | "graceMs" | "maxMissed">>;

/** The next tick to take up, at once if it lies in the past; null when there is none any more. */
export function nextDue(
  schedule: Schedule,
  { missed, graceMs, maxMissed }: Missed,
  lastMs: number,
  nowMs: number,
): number | null {
  const most = missed === "all" ? maxMissed : 1;
  const [due] = schedule.between(lastMs, nowMs, most);
  const isTooLate = due !== undefined && missed === "skip" && nowMs - due > graceMs;
  if (due !== undefined && !isTooLate) return due;
  return schedule.next(Math.max(lastMs, nowMs));
}
