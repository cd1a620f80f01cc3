import type { Clock, Timer } from "../clock.ts";
import type { MachineClock } from "./machine-clock.ts";
import type { Scheduler } from "./scheduler.ts";

/** What one turn of an event loop costs at least. */
const turnUs = 5;
/** As in Node.js, no timer is shorter. */
const shortestTimerMs = 1;

interface Task {
  readonly kind: string;
  readonly about: string;
  readonly size: number;
  readonly run: () => void;
}

/** A timer of a process; once due, the task that calls back. */
class LifeTimer implements Task, Timer {
  readonly kind: string = "timer";
  readonly about: string = "";
  readonly size: number = 0;
  readonly startMs: number;
  readonly delayMs: number;
  event: { cancelled: boolean } | undefined;
  readonly #all: Set<LifeTimer>;
  readonly #fn: () => void;

  constructor(all: Set<LifeTimer>, startMs: number, delayMs: number, fn: () => void) {
    this.#all = all;
    this.startMs = startMs;
    this.delayMs = delayMs;
    this.#fn = fn;
  }

  run(): void {
    if (this.#all.delete(this)) this.#fn();
  }

  cancel(): void {
    this.#all.delete(this);
    if (this.event !== undefined) this.event.cancelled = true;
  }
}

/**
 * One life of a process: its event loop, which can be frozen or slow, and its end, after which
 * nothing of it runs. Each turn runs one callback: timers that are due, then what has arrived, then
 * the deferred calls made before those arrivals were looked at.
 */
export class Life {
  readonly node: string;
  /** Counts the lives of one machine from 1. */
  readonly incarnation: number;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #machine: MachineClock;
  readonly #originMs: number;
  readonly #stopRate: () => void;
  readonly #timers = new Set<LifeTimer>();
  readonly #due: Task[] = [];
  readonly #arrived: Task[] = [];
  readonly #deferred: Task[] = [];
  #dueQuota = 0;
  #arrivedQuota = 0;
  #deferredQuota = 0;
  #alive = true;
  #paused = false;
  #busyUntilUs = 0;
  #serviceUs = 0;
  #turn: { cancelled: boolean; readonly atUs: number } | undefined;
  readonly #onTurn = (): void => this.#runTurn();

  constructor(scheduler: Scheduler, machine: MachineClock, node: string, incarnation: number) {
    this.#scheduler = scheduler;
    this.#machine = machine;
    this.node = node;
    this.incarnation = incarnation;
    this.#originMs = scheduler.random(`clock/${node}/${incarnation}`).below(1_000_000);
    this.#stopRate = machine.onRateChange(() => {
      for (const timer of this.#timers) this.#arm(timer);
    });
    this.clock = {
      now: () => this.#nowMs(scheduler.nowUs),
      wallNow: () => machine.wallMs(),
      setTimer: (delayMs, fn) => this.#setTimer(delayMs, fn),
      defer: (fn) => this.#defer(fn),
    };
  }

  /** False once the process is gone. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Ends the life: every timer, call and completion it waits for is forgotten. */
  end(): void {
    this.#alive = false;
    this.#stopRate();
    for (const timer of this.#timers) if (timer.event !== undefined) timer.event.cancelled = true;
    this.#timers.clear();
    this.#due.length = 0;
    this.#arrived.length = 0;
    this.#deferred.length = 0;
  }

  /** Stops the process as SIGSTOP does. */
  pause(): void {
    this.#paused = true;
  }

  /** Lets a paused process run again. */
  resume(): void {
    this.#paused = false;
    this.#restartLoop();
  }

  /** Blocks the event loop from now on. */
  stall(forUs: number): void {
    this.#busyUntilUs = Math.max(this.#busyUntilUs, this.#scheduler.nowUs + forUs);
    this.#restartLoop();
  }

  /** Makes every callback take this long. */
  setServiceUs(serviceUs: number): void {
    this.#serviceUs = serviceUs;
  }

  /** Hands something that arrived to the process, in this event if its loop is idle. */
  deliver(kind: string, about: string, size: number, run: () => void): void {
    if (!this.#alive) return;
    if (this.#isIdle()) {
      this.#begin();
      run();
    } else this.#queue(this.#arrived, { kind, about, size, run });
    this.#ensureTurn();
  }

  /** Delivers at a later time. */
  deliverAt(atUs: number, kind: string, about: string, size: number, run: () => void): void {
    if (!this.#alive) return;
    this.#scheduler.schedule(atUs, kind, this.node, about, size, () => this.deliver(kind, about, size, run));
  }

  /** Delivers in a turn of its own, as soon as possible. */
  deliverSoon(kind: string, about: string, size: number, run: () => void): void {
    this.deliverAt(this.#scheduler.nowUs + turnUs, kind, about, size, run);
  }

  #nowMs(atUs: number): number {
    return this.#originMs + this.#machine.localMs(atUs);
  }

  #setTimer(delayMs: number, fn: () => void): Timer {
    const startMs = this.#nowMs(this.#scheduler.nowUs);
    const atLeastMs = Number.isNaN(delayMs) ? shortestTimerMs : Math.max(shortestTimerMs, delayMs);
    const timer = new LifeTimer(this.#timers, startMs, atLeastMs, fn);
    if (this.#alive) {
      this.#timers.add(timer);
      this.#arm(timer);
    }
    return timer;
  }

  #arm(timer: LifeTimer): void {
    if (timer.event !== undefined) timer.event.cancelled = true;
    timer.event = undefined;
    let atUs = this.#machine.reachesUs(timer.startMs + timer.delayMs - this.#originMs);
    if (!Number.isFinite(atUs)) return;
    while (this.#nowMs(atUs) - timer.startMs < timer.delayMs) atUs += 1;
    timer.event = this.#scheduler.schedule(atUs, "timer", this.node, "", 0, () => this.#fire(timer));
  }

  #fire(timer: LifeTimer): void {
    if (!this.#alive) return;
    timer.event = undefined;
    if (this.#isIdle()) {
      this.#begin();
      timer.run();
    } else this.#queue(this.#due, timer);
    this.#ensureTurn();
  }

  #defer(fn: () => void): void {
    if (!this.#alive) return;
    this.#deferred.push({ kind: "defer", about: "", size: 0, run: fn });
    this.#ensureTurn();
  }

  /** It waits for a turn: what the present event does is no more than that. */
  #queue(lane: Task[], task: Task): void {
    const event = this.#scheduler.current;
    if (event !== undefined) {
      event.about = event.kind;
      event.kind = "queued";
    }
    lane.push(task);
  }

  #isIdle(): boolean {
    return (
      !this.#paused &&
      this.#busyUntilUs <= this.#scheduler.nowUs &&
      this.#due.length + this.#arrived.length + this.#deferredQuota === 0
    );
  }

  /** A callback begins. */
  #begin(): void {
    if (this.#serviceUs > 0) this.#busyUntilUs = this.#scheduler.nowUs + this.#serviceUs;
  }

  #restartLoop(): void {
    this.#dueQuota = 0;
    this.#arrivedQuota = 0;
    this.#deferredQuota = 0;
    this.#ensureTurn();
  }

  #ensureTurn(): void {
    if (!this.#alive || this.#paused) return;
    const waiting = this.#due.length + this.#arrived.length + this.#deferredQuota;
    if (waiting + this.#deferred.length === 0) return;
    const now = this.#scheduler.nowUs;
    const atUs = Math.max(waiting > 0 ? now : now + turnUs, this.#busyUntilUs);
    if (this.#turn !== undefined) {
      if (this.#turn.atUs <= atUs && this.#turn.atUs >= this.#busyUntilUs) return;
      this.#turn.cancelled = true;
    }
    const late = this.#due.length + this.#arrived.length === 0;
    this.#turn = this.#scheduler.schedule(atUs, "turn", this.node, "", 0, this.#onTurn, late);
  }

  #runTurn(): void {
    this.#turn = undefined;
    if (!this.#alive || this.#paused || this.#busyUntilUs > this.#scheduler.nowUs) {
      this.#ensureTurn();
      return;
    }
    const task = this.#nextTask();
    if (task !== undefined) {
      const event = this.#scheduler.current;
      if (event !== undefined) {
        event.kind = task.kind;
        event.about = task.about;
        event.size = task.size;
      }
      this.#begin();
      task.run();
    }
    this.#ensureTurn();
  }

  #nextTask(): Task | undefined {
    if (this.#dueQuota + this.#arrivedQuota + this.#deferredQuota === 0) {
      this.#dueQuota = this.#due.length;
      this.#arrivedQuota = this.#arrived.length;
      this.#deferredQuota = this.#deferred.length;
    }
    if (this.#dueQuota > 0) {
      this.#dueQuota -= 1;
      return this.#due.shift();
    }
    if (this.#arrivedQuota > 0) {
      this.#arrivedQuota -= 1;
      return this.#arrived.shift();
    }
    if (this.#deferredQuota > 0) {
      this.#deferredQuota -= 1;
      return this.#deferred.shift();
    }
    return undefined;
  }
}
