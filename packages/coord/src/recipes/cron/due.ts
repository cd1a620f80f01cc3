import type { CronOptions } from "./api.ts";
import type { Schedule } from "./schedule.ts";

/** What becomes of ticks that nobody ran in time. */
export type Missed = Required<Pick<CronOptions, "missed" | "graceMs" | "maxMissed">>;

/** Finds the next tick to take up. Calendars are slow, so it remembers what follows the last one. */
export class Due {
  readonly #schedule: Schedule;
  readonly #missed: Missed;
  #known: { readonly lastMs: number; readonly tickMs: number | null } | null = null;

  constructor(schedule: Schedule, missed: Missed) {
    this.#schedule = schedule;
    this.#missed = missed;
  }

  /** To be taken up at once if it lies in the past; null when there is none any more. */
  next(lastMs: number, nowMs: number): number | null {
    const first = this.#after(lastMs);
    if (first === null || first > nowMs) return first;
    const { missed, graceMs, maxMissed } = this.#missed;
    const second = this.#schedule.next(first);
    if (second !== null && second <= nowMs) {
      const [due = first] = this.#schedule.between(lastMs, nowMs, missed === "all" ? maxMissed : 1);
      return missed === "skip" && nowMs - due > graceMs ? this.#schedule.next(nowMs) : due;
    }
    if (missed === "skip" && nowMs - first > graceMs) return second;
    // Most likely what is asked for next.
    this.#known = { lastMs: first, tickMs: second };
    return first;
  }

  #after(lastMs: number): number | null {
    if (this.#known?.lastMs !== lastMs) this.#known = { lastMs, tickMs: this.#schedule.next(lastMs) };
    return this.#known.tickMs;
  }
}
