import type { Clock } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { Index, LogId, Term } from "../core/types.ts";
import type { RaftObserver } from "./observer.ts";
import type { Proposals } from "./proposals.ts";
import type { StateMachine } from "./state-machine.ts";

const sliceMs = 4;
const checkClockEvery = 16;
const sliceEntries = 1024;
const nothing: readonly Entry[] = [];

export interface ApplierOptions {
  readonly clock: Clock;
  readonly stateMachine: StateMachine;
  readonly observer: RaftObserver;
  /** What a new node starts from. */
  readonly start: LogId;
}

/** What was applied at once, in order: entry `from + k` of the task, with what the state machine answered. */
export interface Slice {
  readonly task: readonly Entry[];
  readonly from: number;
  readonly results: readonly unknown[];
  /** The task is finished. */
  readonly isLast: boolean;
}

/** Feeds committed entries to the state machine, in slices, so that the event loop is never held for long. */
export class Applier {
  readonly #options: ApplierOptions;
  #queue: readonly Entry[] = [];
  #position = 0;
  #index: Index;
  #term: Term;
  #timeMs = 0;
  #entriesSinceSnapshot = 0;
  #bytesSinceSnapshot = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#index = options.start.index;
    this.#term = options.start.term;
  }

  /** The last entry the state machine holds. */
  get applied(): LogId {
    return { index: this.#index, term: this.#term };
  }

  get appliedIndex(): Index {
    return this.#index;
  }

  /** `timeMs` of the last entry applied; 0 right after a start. */
  get timeMs(): number {
    return this.#timeMs;
  }

  get entriesSinceSnapshot(): number {
    return this.#entriesSinceSnapshot;
  }

  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot;
  }

  get busy(): boolean {
    return this.#position < this.#queue.length;
  }

  /** Takes up an apply task. The one before is finished. */
  take(entries: readonly Entry[]): void {
    this.#queue = entries;
    this.#position = 0;
  }

  /** Applies a slice of the task under way. */
  run(): Slice {
    const { clock, observer } = this.#options;
    const task = this.#queue;
    const from = this.#position;
    const results: unknown[] = [];
    const untilMs = clock.now() + sliceMs;
    while (results.length < sliceEntries) {
      if (results.length % checkClockEvery === checkClockEvery - 1 && clock.now() >= untilMs) break;
      const entry = task[this.#position];
      if (entry === undefined) break;
      results.push(this.#apply(entry));
      this.#position += 1;
      observer.onApply?.(entry);
    }
    const isLast = this.#position === task.length;
    if (isLast) this.take(nothing);
    return { task, from, results, isLast };
  }

  /** Replaces the state by a snapshot and forgets the task under way, which the snapshot covers. */
  restore(bytes: Uint8Array, last: LogId, timeMs: number): void {
    this.take(nothing);
    this.#options.stateMachine.restore(bytes, last.index);
    this.#index = last.index;
    this.#term = last.term;
    this.#timeMs = timeMs;
    this.snapshotTaken();
    this.#options.observer.onRestore?.(last);
  }

  /** Begins to count anew towards the next snapshot. */
  snapshotTaken(): void {
    this.#entriesSinceSnapshot = 0;
    this.#bytesSinceSnapshot = 0;
  }

  #apply(entry: Entry): unknown {
    const result = entry.kind === "command" ? this.#options.stateMachine.apply(entry) : undefined;
    this.#index = entry.index;
    this.#term = entry.term;
    this.#timeMs = entry.timeMs;
    this.#entriesSinceSnapshot += 1;
    this.#bytesSinceSnapshot += entry.frame.length;
    return result;
  }
}

/** Tells proposers what became of their entries. */
export function settleProposals(proposals: Proposals, slice: Slice, before: Term): void {
  const { task, from, results } = slice;
  let term = before;
  for (let k = 0; k < results.length; k += 1) {
    const entry = task[from + k];
    if (entry === undefined) return;
    proposals.applied(entry, results[k]);
    if (entry.term === term) continue;
    term = entry.term;
    proposals.termApplied(term);
  }
}
