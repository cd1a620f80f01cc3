import type { Clock, Timer } from "@flotilla/runtime";

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly site: string;
  readonly fn: () => void;
  isOver: boolean;
}

const startMs = 1_000;
const wallStartMs = 1_700_000_000_000;

/** Virtual time of everybody, which moves only from one timer to the next. */
export class Time {
  #nowMs = startMs;
  #order = 0;
  #timers: Due[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  get wallMs(): number {
    return wallStartMs + this.#nowMs;
  }

  /** When the next timer is due; `Infinity`: there is none. */
  get nextMs(): number {
    return this.#next()?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Whose timer is next. */
  get nextSite(): string | null {
    return this.#next()?.site ?? null;
  }

  after(delayMs: number, site: string, fn: () => void): Timer {
    this.#order += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const due: Due = { atMs, order: this.#order, site, fn, isOver: false };
    this.#timers.push(due);
    return { cancel: () => this.#forget(due) };
  }

  /** Lets time pass up to the next timer, which fires. */
  fire(): void {
    const next = this.#next();
    if (next === undefined) return;
    this.pass(next.atMs);
    this.#forget(next);
    next.fn();
  }

  /** Lets time pass in which nothing is due. */
  pass(untilMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** A process ended: its timers fire no more. */
  end(site: string): void {
    this.#timers = this.#timers.filter((due) => due.site !== site);
  }

  /** @param defer runs something after what its process is about to hear */
  clock(site: string, defer: (fn: () => void) => void): Clock {
    return {
      now: () => this.#nowMs,
      wallNow: () => this.wallMs,
      setTimer: (delayMs, fn) => this.after(delayMs, site, fn),
      defer,
    };
  }

  #next(): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#timers)
      if (next === undefined || due.atMs < next.atMs || (due.atMs === next.atMs && due.order < next.order))
        next = due;
    return next;
  }

  #forget(due: Due): void {
    if (due.isOver) return;
    due.isOver = true;
    const at = this.#timers.indexOf(due);
    if (at >= 0) this.#timers.splice(at, 1);
  }
}
