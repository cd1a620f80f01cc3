import type { CronOptions } from "./api.ts";
import type { Schedule } from "./schedule.ts";

/** What becomes of ticks that nobody ran in time. */
export type Missed = Required<Pick<CronOptions, "missed" | "graceMs" | "maxMissed">>;

/** Finds the next tick to take up. Calendars are slow, so it remembers what follows the last one. */
export class Due {
  readonly #schedule: Schedule;
  readonly #missed: Missed;
  #known: { readonly lastMs: number; readonly tickMs: number | null } | null = null;
  /** The latest ticks after `lastMs`, as far as they were looked for. */
  #owed: { readonly lastMs: number; readonly ticks: readonly number[] } = { lastMs: 0, ticks: [] };

  constructor(schedule: Schedule, missed: Missed) {
    this.#schedule = schedule;
    this.#missed = missed;
  }

  /** To be taken up at once if it lies in the past; null when there is none any more. */
  next(lastMs: number, nowMs: number): number | null {
    const first = this.#after(lastMs);
    if (first === null || first > nowMs) return first;
    const { missed, graceMs } = this.#missed;
    const second = this.#schedule.next(first);
    if (second !== null && second <= nowMs) {
      const ticks = missed === "all" ? this.#all(lastMs, nowMs) : this.#schedule.between(lastMs, nowMs, 1);
      const [due = first] = ticks;
      return missed === "skip" && nowMs - due > graceMs ? this.#schedule.next(nowMs) : due;
    }
    if (missed === "skip" && nowMs - first > graceMs) return second;
    // Most likely what is asked for next.
    this.#known = { lastMs: first, tickMs: second };
    return first;
  }

  /** What is to be made up for after the last tick: of what was found for one before it, the rest. */
  #all(lastMs: number, nowMs: number): readonly number[] {
    const { maxMissed } = this.#missed;
    const { ticks } = this.#owed;
    const isSame = lastMs === this.#owed.lastMs || ticks.includes(lastMs);
    const rest = isSame ? ticks.filter((tick) => tick > lastMs) : [];
    // The clock may have been put back.
    const known = rest.every((tick) => tick <= nowMs) ? rest : [];
    const later = this.#schedule.between(known.at(-1) ?? lastMs, nowMs, maxMissed);
    this.#owed = { lastMs, ticks: [...known, ...later].slice(-maxMissed) };
    return this.#owed.ticks;
  }

  #after(lastMs: number): number | null {
    if (this.#known?.lastMs !== lastMs) this.#known = { lastMs, tickMs: this.#schedule.next(lastMs) };
    return this.#known.tickMs;
  }
}
