import { Cron } from "croner";
import { FlotillaError } from "@flotilla/runtime";
import { momentOf } from "./moment.ts";
import { firstOf, Zone } from "./zone.ts";

const secondMs = 1_000;
const secondsOfDay = 86_400;

/** The ticks of a pattern in a time zone, reckoned from moments that the caller gives. */
export class Schedule {
  /** Of wall times: a calendar of zones is slow, and goes back where clocks do. */
  readonly #cron: Cron;
  readonly #zone: Zone;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  constructor(pattern: string, timeZone: string) {
    try {
      this.#zone = new Zone(timeZone);
      this.#cron = new Cron(pattern, { utcOffset: 0, paused: true });
      this.#cron.nextRun(momentOf(0));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `schedule: ${why}`, { cause });
    }
  }

  /** The first tick after a moment, ms since the epoch; null when there is none any more. */
  next(afterMs: number): number | null {
    let found = this.#follow(afterMs);
    if (found !== null && found.tickMs <= afterMs) {
      // Clocks were put back: wall times that they show again had their ticks.
      const isLater = (ms: number): boolean => (this.#follow(ms)?.tickMs ?? Infinity) > afterMs;
      found = this.#follow(firstOf(afterMs, secondsOfDay, isLater));
    }
    if (found === null || this.#zone.wallAt(found.tickMs) === found.wallMs) return found?.tickMs ?? null;
    // Made up for where clocks were put forward: others may come before it.
    const changedWallMs = this.#zone.wallAt(this.#zone.changeBefore(found.tickMs));
    const first = this.#match(changedWallMs - 1);
    return first === null ? found.tickMs : Math.min(found.tickMs, this.#zone.firstShowing(first));
  }

  /** The latest ticks after one moment up to another one and with it, so many at most; oldest first. */
  between(afterMs: number, upToMs: number, most: number): number[] {
    let few = upToMs;
    let many: number | null = null;
    for (let span = most * secondMs; ; span *= 2) {
      const fromMs: number = many === null ? Math.max(afterMs, upToMs - span) : Math.floor((many + few) / 2);
      const ticks = this.#some(afterMs, fromMs, upToMs, 2 * most + 64);
      if (ticks === null) many = fromMs;
      else if (ticks.length >= most || fromMs <= afterMs) return ticks.slice(-most);
      else few = fromMs;
    }
  }

  /** All ticks after `fromMs`, as who goes on from `afterMs` finds them; null when there are more than `most`. */
  #some(afterMs: number, fromMs: number, upToMs: number, most: number): number[] | null {
    const ticks: number[] = [];
    // What is made up for in the first while after clocks were put forward is found only from before.
    let tick = this.next(Math.max(afterMs, fromMs - this.#zone.leapBefore(fromMs)));
    for (; tick !== null && tick <= upToMs; tick = this.next(tick)) {
      if (tick > fromMs) ticks.push(tick);
      if (ticks.length > most) return null;
    }
    return ticks;
  }

  /** The tick of the wall time that matches first after the one of a moment. */
  #follow(ms: number): { readonly tickMs: number; readonly wallMs: number } | null {
    const wallMs = this.#match(this.#zone.wallAt(ms));
    return wallMs === null ? null : { wallMs, tickMs: this.#zone.firstShowing(wallMs) };
  }

  #match(wallMs: number): number | null {
    return this.#cron.nextRun(momentOf(wallMs))?.getTime() ?? null;
  }
}
