import { Cron } from "croner";
import { FlotillaError } from "@flotilla/runtime";
import { momentOf } from "./moment.ts";

const secondMs = 1_000;

/** The ticks of a pattern in a time zone, reckoned from moments that the caller gives. */
export class Schedule {
  readonly #cron: Cron;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  constructor(pattern: string, timeZone: string) {
    try {
      // A zone without changes needs no calendar of zones, which is slow.
      const zone = timeZone === "UTC" ? { utcOffset: 0 } : { timezone: timeZone };
      this.#cron = new Cron(pattern, { ...zone, paused: true });
      this.#cron.nextRun(momentOf(0));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `schedule: ${why}`, { cause });
    }
  }

  /** The first tick after a moment, ms since the epoch; null when there is none any more. */
  next(afterMs: number): number | null {
    return this.#cron.nextRun(momentOf(afterMs))?.getTime() ?? null;
  }

  /** The latest ticks after one moment up to another one and with it, so many at most; oldest first. */
  between(afterMs: number, upToMs: number, most: number): number[] {
    const end = Math.floor(upToMs / secondMs) * secondMs + secondMs;
    const ticks = this.#cron.previousRuns(most, momentOf(end)).map((tick) => tick.getTime());
    return ticks.filter((tick) => tick > afterMs).toReversed();
  }
}
