/** Something to do once a write is applied here and, if it asked for that, the leader confirmed a read. */
interface Waiter {
  readonly after: number;
  readonly run: () => void;
  isApplied: boolean;
  isConfirmed: boolean;
}

/** What reads of one session wait for. */
export class WaitQueue {
  #waiters: Waiter[] = [];
  #size = 0;

  /** Those that did not run. */
  get size(): number {
    return this.#size;
  }

  /**
   * Runs `run` once `applied(n)` was called with at least `after`; with `confirm`, also once the returned function
   * was called. Both at once runs it at once. Those without `confirm` run in order.
   */
  add(after: number, lastApplied: number, confirm: boolean, run: () => void): () => void {
    const waiter: Waiter = {
      after,
      run,
      isApplied: after <= lastApplied && this.#waiters.length === 0,
      isConfirmed: !confirm,
    };
    this.#size += 1;
    if (!waiter.isApplied) this.#waiters.push(waiter);
    this.#tryRun(waiter);
    return () => {
      if (waiter.isConfirmed) return;
      waiter.isConfirmed = true;
      this.#tryRun(waiter);
    };
  }

  /** The write is applied: runs what waited for it, before the next entry. */
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
    if (!waiter.isApplied || !waiter.isConfirmed) return;
    this.#size -= 1;
    waiter.run();
  }
}
