import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { sharedController } from "../shared-controller.ts";
import { believedMs, driftBound } from "../time-bounds.ts";
import type { SessionLease } from "./api.ts";

/** One moment by both clocks of this process, ms. */
export interface Moment {
  readonly now: number;
  readonly wall: number;
}

/** The present by both clocks. */
export function momentOf(clock: Clock): Moment {
  return { now: clock.now(), wall: clock.wallNow() };
}

/** Times a lease counts with, ms. */
export interface LeaseTimes {
  readonly ttlMs: number;
  readonly maxStallMs: number;
}

/** What another leader is found in, with the default election timeout and some room, ms. */
const electionMs = 3_000;

/** How long after its send a confirmed renewal is followed by a signal, ms. */
function signalledMs({ ttlMs, maxStallMs }: LeaseTimes): number {
  return believedMs(ttlMs) - maxStallMs;
}

/**
 * How often a lease is renewed, ms: every third of its time to live where another leader can be found in what is left
 * after that, else up to every fourth.
 */
export function renewalMs(times: LeaseTimes): number {
  return Math.min(times.ttlMs / 3, Math.max(times.ttlMs / 4, signalledMs(times) - electionMs));
}

/**
 * One unbroken period of belief, counted from the send of the last confirmed renewal. Once over, it is
 * over for good: whoever held something in it may have been replaced.
 */
export class LeasePeriod implements SessionLease {
  /** How often it is renewed, ms. */
  readonly renewMs: number;
  readonly #clock: Clock;
  readonly #believedMs: number;
  readonly #signalledMs: number;
  readonly #jumpMs: number;
  readonly #controller = sharedController();
  #since: Moment;
  // As the signal tells, which costs more to ask.
  #isOver = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, times: LeaseTimes, since: Moment) {
    this.#clock = clock;
    this.#believedMs = believedMs(times.ttlMs);
    this.#signalledMs = signalledMs(times);
    this.renewMs = renewalMs(times);
    this.#jumpMs = times.ttlMs * driftBound;
    this.#since = since;
    if (this.check()) this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The send that this belief counts from. */
  get since(): Moment {
    return this.#since;
  }

  get expiresIn(): number {
    const left = this.#left();
    return this.#isOver || this.#jumped() ? Math.min(0, left) : left;
  }

  assert(): void {
    if (!this.#isOver) {
      if (this.#left() > 0 && !this.#jumped()) return;
      this.end("the lease lapsed");
    }
    throw new FlotillaError("ERR_FLOTILLA_LOST", "the lease lapsed", {
      cause: this.#controller.signal.reason,
    });
  }

  /** Moves the belief to a later send that was confirmed. False when the period was over before. */
  extend(since: Moment): boolean {
    if (this.#isOver) return false;
    if (this.#left() <= 0 || this.#jumped()) {
      this.end("the lease lapsed");
      return false;
    }
    if (since.now > this.#since.now) this.#since = since;
    return true;
  }

  /** Ends the period when its signal is due. True while it lives. */
  check(): boolean {
    if (this.#isOver) return false;
    if (this.#untilSignal() > 0 && !this.#jumped()) return true;
    this.end("the lease lapsed");
    return false;
  }

  /** Ends the period and fires its signal. */
  end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#controller.abort(new FlotillaError("ERR_FLOTILLA_LOST", why));
  }

  #left(): number {
    return this.#since.now + this.#believedMs - this.#clock.now();
  }

  #untilSignal(): number {
    return this.#since.now + this.#signalledMs - this.#clock.now();
  }

  /** A monotonic clock can stop in a suspended machine; then wall time runs ahead of it. */
  #jumped(): boolean {
    const wallPassed = this.#clock.wallNow() - this.#since.wall;
    const passed = this.#clock.now() - this.#since.now;
    return wallPassed - passed > this.#jumpMs;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(this.#untilSignal(), () => {
      if (this.check()) this.#arm();
    });
  }
}
