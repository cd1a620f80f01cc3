import { invariant } from "../errors.ts";
import type { Scheduler } from "./scheduler.ts";

/** Milliseconds since the Unix epoch at virtual time 0. */
const wallOriginMs = 1_700_000_000_000;

/** The clocks of one machine, and their faults. */
export class MachineClock {
  readonly #scheduler: Scheduler;
  readonly #onRate = new Set<() => void>();
  #baseUs = 0;
  #baseLocalMs = 0;
  #rate = 1;
  #suspended = false;
  #wallOffsetMs = 0;
  #frozenWallMs: number | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** How fast the monotonic clock runs; 1 is exact. */
  get rate(): number {
    return this.#rate;
  }

  /** Sets the speed of the monotonic clock from now on, such as 0.98 or 1.02. Pending timers follow. */
  setRate(rate: number): void {
    invariant(rate > 0 && Number.isFinite(rate), "ClockRatePositive", { rate });
    this.#rebase();
    this.#rate = rate;
    for (const changed of this.#onRate) changed();
  }

  /** Stops the monotonic clock, as in a suspended virtual machine, while wall time runs on. */
  suspend(): void {
    this.#rebase();
    this.#suspended = true;
    for (const changed of this.#onRate) changed();
  }

  /** Ends `suspend`. */
  wake(): void {
    this.#rebase();
    this.#suspended = false;
    for (const changed of this.#onRate) changed();
  }

  /** Moves the wall clock, forward or back; the monotonic clock does not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
    if (this.#frozenWallMs !== undefined) this.#frozenWallMs += byMs;
  }

  /** Sets how far the wall clock is from true time. */
  setWallOffset(offsetMs: number): void {
    this.#wallOffsetMs = offsetMs;
  }

  /** Stops the wall clock. */
  freezeWall(): void {
    this.#frozenWallMs = this.wallMs();
  }

  /** Lets the wall clock go on from true time plus its offset. */
  thawWall(): void {
    this.#frozenWallMs = undefined;
  }

  /** Exact rate and wall time again; the monotonic clock keeps its value. */
  heal(): void {
    this.#wallOffsetMs = 0;
    this.#frozenWallMs = undefined;
    this.setRate(1);
  }

  /** Whole milliseconds since the Unix epoch. */
  wallMs(): number {
    return this.#frozenWallMs ?? Math.floor(wallOriginMs + this.#scheduler.nowUs / 1000 + this.#wallOffsetMs);
  }

  /** Monotonic milliseconds at a virtual time, at the present rate. */
  localMs(atUs: number = this.#scheduler.nowUs): number {
    const rate = this.#suspended ? 0 : this.#rate;
    return this.#baseLocalMs + ((atUs - this.#baseUs) / 1000) * rate;
  }

  /** The first virtual microsecond at which `localMs` reaches a value; infinite while suspended. */
  reachesUs(localMs: number): number {
    if (this.#suspended) return Number.POSITIVE_INFINITY;
    return Math.ceil(this.#baseUs + ((localMs - this.#baseLocalMs) / this.#rate) * 1000);
  }

  /** Calls back whenever the rate changes. Returns how to stop. */
  onRateChange(changed: () => void): () => void {
    this.#onRate.add(changed);
    return () => this.#onRate.delete(changed);
  }

  #rebase(): void {
    this.#baseLocalMs = this.localMs();
    this.#baseUs = this.#scheduler.nowUs;
  }
}
