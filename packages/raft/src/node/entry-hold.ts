import type { Clock, Timer } from "@flotilla/runtime";
import type { Event } from "../core/event.ts";

/** How long new entries may wait for the write under way, ms: a disk that hangs keeps nobody waiting. */
const holdMs = 1;
/** A member has at most 16 MiB of forwards under way; more is kept for nobody. */
const mostForwardBytes = 64 << 20;

/**
 * While a batch is written, new entries wait for it: they reach the peers with the next batch, as one message
 * instead of many. Proposals wait where they are; forwards of peers wait here.
 */
export class EntryHold {
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #untilMs: number | null = null;
  #timer: Timer | null = null;
  #forwards: Event[] = [];
  #forwardBytes = 0;

  /** @param onExpired called when something waited for `holdMs` */
  constructor(clock: Clock, onExpired: () => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** A write begins. */
  begin(): void {
    this.#untilMs = this.#clock.now() + holdMs;
  }

  /** The write is over. */
  end(): void {
    this.#untilMs = null;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** True while new entries have to wait. */
  isOn(nowMs: number): boolean {
    return this.#untilMs !== null && nowMs < this.#untilMs;
  }

  /** True when a new entry has to wait: its owner hears of the end. */
  waits(): boolean {
    const nowMs = this.#clock.now();
    if (this.#untilMs === null || nowMs >= this.#untilMs) return false;
    this.#timer ??= this.#clock.setTimer(this.#untilMs - nowMs, () => {
      this.#timer = null;
      this.#onExpired();
    });
    return true;
  }

  addForward(forward: Event, bytes: number): void {
    this.#forwards.push(forward);
    this.#forwardBytes += bytes;
  }

  /** So much waits that it must not grow any further. */
  get isFull(): boolean {
    return this.#forwardBytes > mostForwardBytes;
  }

  /** Takes out what waits, in order. */
  takeForwards(): readonly Event[] {
    const forwards = this.#forwards;
    if (forwards.length > 0) this.#forwards = [];
    this.#forwardBytes = 0;
    return forwards;
  }
}
