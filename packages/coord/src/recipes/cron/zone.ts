import { momentOf } from "./moment.ts";

const dayMs = 86_400_000;

/**
 * What clocks on the wall show in a time zone. A wall time is written as the moment at which UTC shows it. Clocks are
 * taken to change once in two days at most, by a day at most.
 */
export class Zone {
  readonly #format: Intl.DateTimeFormat | null;

  /** @throws RangeError for a zone that is not known */
  constructor(timeZone: string) {
    this.#format =
      timeZone === "UTC" ? null : new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  }

  /** How far clocks are ahead of UTC at a moment, ms. */
  offsetAt(ms: number): number {
    const told = this.#format?.format(momentOf(ms)) ?? "";
    const [, sign = "", hours = 0, minutes = 0, seconds = 0] =
      /GMT([+-])(\d+):(\d+)(?::(\d+))?/.exec(told) ?? [];
    const size = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
    return sign === "-" ? -size : size;
  }

  wallAt(ms: number): number {
    return ms + this.offsetAt(ms);
  }

  /** When clocks show it first; where they leap over it, as much later as they leap. */
  firstShowing(wallMs: number): number {
    const before = this.offsetAt(wallMs - dayMs);
    if (this.offsetAt(wallMs - before) === before) return wallMs - before;
    const after = this.offsetAt(wallMs + dayMs);
    return this.offsetAt(wallMs - after) === after ? wallMs - after : wallMs - before;
  }

  /** By how much clocks were put forward in the day before a moment, ms. */
  leapBefore(ms: number): number {
    return Math.max(0, this.offsetAt(ms) - this.offsetAt(ms - dayMs));
  }

  /** The moment of the change that lies in the day before this one. */
  changeBefore(ms: number): number {
    const offset = this.offsetAt(ms);
    const from = Math.floor(ms / 1_000) * 1_000 - dayMs;
    return firstOf(from, dayMs / 1_000, (each) => this.offsetAt(each) === offset);
  }
}

/** The first of the moments a second apart for which it holds, at the latest after so many; then it holds for all. */
export function firstOf(fromMs: number, seconds: number, holds: (ms: number) => boolean): number {
  let [low, high] = [0, seconds];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(fromMs + middle * 1_000)) high = middle;
    else low = middle + 1;
  }
  return fromMs + low * 1_000;
}
