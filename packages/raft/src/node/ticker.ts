import type { Clock, Timer } from "@flotilla/runtime";

const maxTicksAtOnce = 2;

export interface TickerOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** How many of the next ticks would do nothing but count. */
  readonly quiet: () => number;
  /** True when the next tick ends nothing, whatever has arrived by then. */
  readonly steady: () => boolean;
  /** Hears how many there are, none or more, and how late the timer came. */
  readonly onTicks: (count: number, lateMs: number) => void;
}

/**
 * Ticks at fixed multiples of an interval. A tick that may end something is delivered after a poll phase, so that
 * messages which arrived during a stall are heard before it, and so are all that come late; of the ticks missed during
 * a stall at most two are made up. A tick that would only be counted wakes nobody: it comes with the next turn, or with
 * the tick after it.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #quiet: () => number;
  readonly #steady: () => boolean;
  readonly #onTicks: (count: number, lateMs: number) => void;
  /** When the next tick that was not delivered falls due. */
  #nextMs: number;
  /** What the timer waits for: that tick, or the one after it. */
  #armedMs: number;
  /** Null while a tick is on its way. */
  #timer: Timer | null = null;
  #stopped = false;

  constructor({ clock, intervalMs, quiet, steady, onTicks }: TickerOptions) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#quiet = quiet;
    this.#steady = steady;
    this.#onTicks = onTicks;
    this.#nextMs = clock.now() + intervalMs;
    this.#armedMs = this.#nextMs;
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Takes out the ticks that fell due and only count, for a turn that is about to begin: they come before its work. */
  takeQuiet(nowMs: number): number {
    const due = this.#due(nowMs);
    // With more of them there was a stall: what has arrived since is heard first.
    if (due === 0 || due > maxTicksAtOnce || due > this.#quiet()) return 0;
    this.#nextMs += due * this.#intervalMs;
    return due;
  }

  /** To be called whenever ticks that only counted may do more now. */
  hasten(): void {
    if (this.#timer === null || this.#armedMs <= this.#nextMs || this.#quiet() > 0) return;
    this.#timer.cancel();
    this.#arm();
  }

  #due(nowMs: number): number {
    return nowMs < this.#nextMs ? 0 : 1 + Math.floor((nowMs - this.#nextMs) / this.#intervalMs);
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#armedMs = this.#nextMs + (this.#quiet() > 0 ? this.#intervalMs : 0);
    this.#timer = this.#clock.setTimer(this.#armedMs - this.#clock.now(), () => this.#wake());
  }

  #wake(): void {
    this.#timer = null;
    const isLate = this.#clock.now() - this.#armedMs >= this.#intervalMs / 2;
    if (isLate || !this.#steady()) this.#clock.defer(() => this.#fire());
    else this.#fire();
  }

  #fire(): void {
    if (this.#stopped) return;
    const nowMs = this.#clock.now();
    const lateMs = Math.max(0, nowMs - this.#armedMs);
    const due = this.#due(nowMs);
    this.#nextMs += due * this.#intervalMs;
    this.#onTicks(Math.min(due, maxTicksAtOnce), lateMs);
    this.#arm();
  }
}
