import type { Clock } from "@flotilla/runtime";
import type { LeaseTimes, Moment } from "./lease-period.ts";
import { LeasePeriod, momentOf } from "./lease-period.ts";

/** Unanswered renewals remembered; older ones would prove nothing that the next does not. */
const maxUnanswered = 64;

/**
 * How long a session may believe in itself. Moves only by acknowledgements that echo a renewal's number,
 * counted from the send of that renewal.
 */
export class Belief {
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  readonly #sent = new Map<number, Moment>();
  #period: LeasePeriod;
  #confirmed: Moment;
  #lastNumber = 0;
  /** The last renewal that was refused: the server has heard of those before it. */
  #lastRefused = 0;
  #ended = false;

  /** @param since the first send of the command that opened the session */
  constructor(clock: Clock, times: LeaseTimes, since: Moment) {
    this.#clock = clock;
    this.#times = times;
    this.#confirmed = since;
    this.#period = new LeasePeriod(clock, times, since);
  }

  /** The current period; over until a renewal is confirmed again when it lapsed. */
  get period(): LeasePeriod {
    return this.#period;
  }

  /** Milliseconds since the send of the last confirmed renewal. */
  get unconfirmedMs(): number {
    return this.#clock.now() - this.#confirmed.now;
  }

  /** Milliseconds since the oldest renewal on this channel that is unanswered was sent; 0 when there is none. */
  get unansweredMs(): number {
    for (const [number, moment] of this.#sent)
      if (number > this.#lastRefused) return this.#clock.now() - moment.now;
    return 0;
  }

  /** The number of a renewal that is sent now. */
  renewing(): number {
    this.#period.check();
    this.#lastNumber += 1;
    this.#sent.set(this.#lastNumber, momentOf(this.#clock));
    this.#sent.delete(this.#lastNumber - maxUnanswered);
    return this.#lastNumber;
  }

  /** The channel ended: what was sent on it is never acknowledged. */
  forget(): void {
    this.#sent.clear();
  }

  /** Number of the last renewal that was sent; 0 for none. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** An acknowledgement: when it was sent. Null for unknown and repeated numbers, which change nothing. */
  confirm(number: number): Moment | null {
    const moment = this.#sent.get(number);
    if (moment === undefined || this.#ended) return null;
    // Earlier ones would only move the belief back.
    for (const earlier of this.#sent.keys()) if (earlier <= number) this.#sent.delete(earlier);
    this.#confirmed = moment;
    if (this.#period.extend(moment)) return moment;
    const next = new LeasePeriod(this.#clock, this.#times, moment);
    if (next.check()) this.#period = next;
    return moment;
  }

  /** Nobody vouches for what a renewal was sent for: it is answered, and moves nothing. */
  refuse(number: number): void {
    if (this.#sent.delete(number)) this.#lastRefused = Math.max(this.#lastRefused, number);
  }

  /** Ends belief for good. */
  end(why: string): void {
    this.#ended = true;
    this.#sent.clear();
    this.#period.end(why);
  }
}
