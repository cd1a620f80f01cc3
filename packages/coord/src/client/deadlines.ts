import type { Clock, Timer } from "@flotilla/runtime";

/** Queues that keep their timer while nobody waits in them; with more of them each takes care of itself. */
const maxIdle = 8;

/** Something with a time limit. In at most one queue. */
export interface Timed {
  /** When its time is over, by the clock of its queue. Kept by the queue. */
  dueMs: number;
  /** Its neighbours in the queue. Kept by the queue. */
  earlier: Timed | undefined;
  later: Timed | undefined;
  timedOut(): void;
}

/** Everything with the same time limit, so in the order it began. One timer at most. */
export class DeadlineQueue {
  readonly timeoutMs: number;
  readonly #clock: Clock;
  readonly #idle: (queue: DeadlineQueue) => void;
  #first: Timed | undefined;
  #last: Timed | undefined;
  #timer: Timer | undefined;
  #armedMs = 0;

  /** @param idle called whenever nobody waits any more */
  constructor(clock: Clock, timeoutMs: number, idle: (queue: DeadlineQueue) => void) {
    this.#clock = clock;
    this.timeoutMs = timeoutMs;
    this.#idle = idle;
  }

  /** Counts from now. */
  add(item: Timed): void {
    item.dueMs = this.#clock.now() + this.timeoutMs;
    item.earlier = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.later = item;
    this.#last = item;
    if (this.#timer === undefined) this.#arm(item.dueMs, this.timeoutMs);
  }

  /** It needs no limit any more. Call it once, for one that was added and did not time out. */
  remove(item: Timed): void {
    this.#unlink(item);
    if (this.#first === undefined) this.#idle(this);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #unlink(item: Timed): void {
    const { earlier, later } = item;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    item.earlier = undefined;
    item.later = undefined;
  }

  #arm(dueMs: number, delayMs: number): void {
    this.#armedMs = dueMs;
    this.#timer = this.#clock.setTimer(delayMs, this.#ring);
  }

  readonly #ring = (): void => {
    // The timer never fires early, but its sum may be rounded otherwise than ours.
    const now = Math.max(this.#clock.now(), this.#armedMs);
    try {
      for (let first = this.#first; first !== undefined && first.dueMs <= now; first = this.#first) {
        this.#unlink(first);
        first.timedOut();
      }
    } finally {
      this.#timer = undefined;
      if (this.#first === undefined) this.#idle(this);
      else this.#arm(this.#first.dueMs, this.#first.dueMs - this.#clock.now());
    }
  };
}

/** Time limits of many short waits with few timers: nearly all of them end before their time. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #queues = new Map<number, DeadlineQueue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `timedOut` once `timeoutMs` have passed, never early, unless it is removed from the queue before. */
  add(item: Timed, timeoutMs: number): DeadlineQueue {
    const queue = this.#queues.get(timeoutMs) ?? this.#open(timeoutMs);
    queue.add(item);
    return queue;
  }

  /** Cancels all timers. Nothing may be added afterwards. */
  stop(): void {
    for (const queue of this.#queues.values()) queue.stop();
    this.#queues.clear();
  }

  #open(timeoutMs: number): DeadlineQueue {
    const queue = new DeadlineQueue(this.#clock, timeoutMs, this.#idle);
    this.#queues.set(timeoutMs, queue);
    return queue;
  }

  readonly #idle = (queue: DeadlineQueue): void => {
    if (this.#queues.size <= maxIdle) return;
    queue.stop();
    this.#queues.delete(queue.timeoutMs);
  };
}
