import type { Clock, Timer } from "@flotilla/runtime";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Virtual time that moves only when told to. Promises settle between its steps. */
export class FakeClock implements Clock {
  #now = 1_000;
  #order = 0;
  #timers: Due[] = [];
  #deferred: (() => void)[] = [];
  #arrivals: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_700_000_000_000 + this.#now;
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.length;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    this.#order += 1;
    const due: Due = { at: this.#now + Math.max(0, delayMs), order: this.#order, fn };
    this.#timers.push(due);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== due);
      },
    };
  }

  defer(fn: () => void): void {
    this.#deferred.push(fn);
  }

  /** Runs what is deferred, and what that defers, until there is nothing left. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 10_000; turns += 1) {
      await drainPromises();
      const batch = this.#deferred;
      if (batch.length === 0) return;
      this.#deferred = [];
      for (const fn of batch) fn();
    }
    throw new Error("it never settles");
  }

  /** Lets time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const next = this.#earliest(end);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      next.fn();
      for (const arrival of this.#arrivals.splice(0)) arrival();
      await this.settle();
    }
    this.#now = end;
  }

  /** Something that the next poll phase brings: it runs after the next timer, before what that defers. */
  arrive(fn: () => void): void {
    this.#arrivals.push(fn);
  }

  /** The process stands still: time passes, and nothing runs until it is over. */
  stall(ms: number): void {
    this.#now += ms;
  }

  #earliest(end: number): Due | undefined {
    const [next] = this.#timers
      .filter((due) => due.at <= end)
      .toSorted((a, b) => a.at - b.at || a.order - b.order);
    if (next !== undefined) this.#timers = this.#timers.filter((other) => other !== next);
    return next;
  }
}

async function drainPromises(): Promise<void> {
  for (let k = 0; k < 20; k += 1) await Promise.resolve();
}
