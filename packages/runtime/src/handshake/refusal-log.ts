import type { Clock } from "../clock.ts";
import { FlotillaError } from "../errors.ts";

const forgetMs = 3_600_000;
const mostKnown = 1_000;
/** Stands for all whom there is no room to tell apart. */
const others = "";

interface Known {
  readonly sinceMs: number;
  readonly reasons: Set<string>;
}

/**
 * What was told of failed introductions: each reason is news once an hour for each who, not for each attempt. Of more
 * than 1,000 within an hour the rest counts as one, so that strangers do not fill a log.
 */
export class RefusalLog {
  readonly #clock: Pick<Clock, "now">;
  /** The oldest first. */
  readonly #known = new Map<string, Known>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Whether it is news that `who` failed like this; it is none the next time. */
  isNews(who: string, error: unknown): boolean {
    const { reasons } = this.#of(who);
    const reason = refusalCode(error);
    if (reasons.has(reason)) return false;
    reasons.add(reason);
    return true;
  }

  /** The same of whoever dialed in and proved nothing: the port is another one each time, so the host counts. */
  isNewsFrom(remoteAddress: string, error: unknown): boolean {
    const end = remoteAddress.lastIndexOf(":");
    // No id of a member has a colon.
    return this.isNews(`from:${end < 0 ? remoteAddress : remoteAddress.slice(0, end)}`, error);
  }

  /** All is well with `who`: what fails next is news. */
  forget(who: string): void {
    this.#known.delete(who);
  }

  #of(who: string): Known {
    const nowMs = this.#clock.now();
    for (const [each, { sinceMs }] of this.#known) {
      if (nowMs - sinceMs < forgetMs) break;
      this.#known.delete(each);
    }
    const name = this.#known.has(who) || this.#known.size < mostKnown ? who : others;
    const known = this.#known.get(name) ?? { sinceMs: nowMs, reasons: new Set() };
    this.#known.set(name, known);
    return known;
  }
}

/** A refusal by a side that proved nothing keeps its own code in the details. */
export function refusalCode(error: unknown): string {
  if (!FlotillaError.is(error)) return "ERR_FLOTILLA_INTERNAL";
  const { refusedWith } = error.details;
  return typeof refusedWith === "string" ? refusedWith : error.code;
}
