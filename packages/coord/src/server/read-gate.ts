import type { Clock, Timer } from "@flotilla/runtime";

const retryMs = 20;

/** What the gate needs of raft. */
export interface ReadSource {
  read(): Promise<unknown>;
}

interface Waiter {
  readonly done: (confirmed: boolean) => void;
  readonly giveUpAt: number;
}

/**
 * Shares one leadership confirmation among all reads that arrive in one turn. A round that fails is tried again
 * until the reads have waited `patienceMs` (default 10,000).
 */
export class ReadGate {
  readonly #clock: Clock;
  readonly #raft: ReadSource;
  readonly #patienceMs: number;
  #waiting: Waiter[] = [];
  #scheduled = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, raft: ReadSource, patienceMs: number = 10_000) {
    this.#clock = clock;
    this.#raft = raft;
    this.#patienceMs = patienceMs;
  }

  /**
   * Calls back with true in a turn in which everything committed before this call is applied here, with false when
   * nobody could confirm that in time.
   */
  confirm(done: (confirmed: boolean) => void): void {
    if (this.#closed) return;
    this.#waiting.push({ done, giveUpAt: this.#clock.now() + this.#patienceMs });
    this.#schedule();
  }

  /** Forgets everyone who waits. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#scheduled || this.#timer !== undefined) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#round();
    });
  }

  #round(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (this.#closed || batch.length === 0) return;
    this.#read().then(
      () => this.#confirmed(batch),
      () => this.#failed(batch),
    );
  }

  async #read(): Promise<void> {
    await this.#raft.read();
  }

  #confirmed(batch: readonly Waiter[]): void {
    if (this.#closed) return;
    for (const { done } of batch) done(true);
  }

  #failed(batch: readonly Waiter[]): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    const patient = batch.filter((waiter) => waiter.giveUpAt > now);
    this.#waiting = [...patient, ...this.#waiting];
    if (this.#waiting.length > 0) this.#retryLater();
    for (const waiter of batch) if (waiter.giveUpAt <= now) waiter.done(false);
  }

  #retryLater(): void {
    this.#timer ??= this.#clock.setTimer(retryMs, () => {
      this.#timer = undefined;
      this.#schedule();
    });
  }
}
