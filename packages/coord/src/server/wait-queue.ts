import type { Clock } from "@flotilla/runtime";
import type { Stint } from "./stint.ts";

/** Something to do once a write is applied here and, if it asked for that, the leader confirmed a read. */
interface Waiter {
  readonly after: number;
  readonly run: () => void;
  isApplied: boolean;
  isConfirmed: boolean;
  isDone: boolean;
}

/** Something that waits. */
export interface Waiting {
  /** The leader confirmed what was to be confirmed. */
  confirm(): void;
  /** Nobody wants it any more. */
  drop(): void;
}

/**
 * What reads of one session wait for. However many are due at once, those of a turn of the event loop are bounded by
 * its stint: one that asks much more than others takes its turns like everybody.
 */
export class WaitQueue {
  readonly #clock: Pick<Clock, "defer">;
  readonly #stint: Pick<Stint, "take">;
  #waiters: Waiter[] = [];
  /** Due, but this turn has had enough. */
  #late: Waiter[] = [];
  #size = 0;

  constructor(clock: Pick<Clock, "defer">, stint: Pick<Stint, "take">) {
    this.#clock = clock;
    this.#stint = stint;
  }

  /** Those that did not run. */
  get size(): number {
    return this.#size;
  }

  /**
   * Runs `run` once `applied(n)` was called with at least `after`; with `confirm`, also once the leader's word was told.
   * When both are there already it runs at once. Those without `confirm` run in order.
   */
  add(after: number, lastApplied: number, confirm: boolean, run: () => void): Waiting {
    const waiter: Waiter = {
      after,
      run,
      isApplied: after <= lastApplied && this.#waiters.length === 0,
      isConfirmed: !confirm,
      isDone: false,
    };
    this.#size += 1;
    if (!waiter.isApplied) this.#waiters.push(waiter);
    this.#tryRun(waiter);
    return {
      confirm: () => {
        if (waiter.isConfirmed) return;
        waiter.isConfirmed = true;
        this.#tryRun(waiter);
      },
      drop: () => this.#drop(waiter),
    };
  }

  /** The write is applied: runs what waited for it, before the next entry unless it has to wait for its turn. */
  applied(seq: number): void {
    if (this.#waiters.length === 0) return;
    let ready = 0;
    while ((this.#waiters[ready]?.after ?? Number.POSITIVE_INFINITY) <= seq) ready += 1;
    for (const waiter of this.#waiters.splice(0, ready)) {
      waiter.isApplied = true;
      this.#tryRun(waiter);
    }
  }

  #tryRun(waiter: Waiter): void {
    if (!waiter.isApplied || !waiter.isConfirmed || waiter.isDone) return;
    if (this.#late.length === 0 && this.#stint.take(true)) return this.#run(waiter);
    this.#late.push(waiter);
    if (this.#late.length === 1) this.#clock.defer(this.#goOn);
  }

  #drop(waiter: Waiter): void {
    if (waiter.isDone) return;
    waiter.isDone = true;
    this.#size -= 1;
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
  }

  #run(waiter: Waiter): void {
    if (waiter.isDone) return;
    waiter.isDone = true;
    this.#size -= 1;
    waiter.run();
  }

  /** One in any case, or those before it in the turn could keep it waiting for ever. */
  readonly #goOn = (): void => {
    const due = this.#late;
    let done = 0;
    this.#stint.take(true);
    do {
      const waiter = due[done];
      done += 1;
      if (waiter !== undefined) this.#run(waiter);
    } while (done < due.length && this.#stint.take(true));
    this.#late = due.slice(done);
    if (this.#late.length > 0) this.#clock.defer(this.#goOn);
  };
}
