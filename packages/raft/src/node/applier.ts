import type { Clock } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { LogId, Term } from "../core/types.ts";
import type { RaftObserver } from "./observer.ts";
import type { Proposals } from "./proposals.ts";
import type { StateMachine } from "./state-machine.ts";

const sliceMs = 4;
const checkClockEvery = 16;
const sliceEntries = 1024;

export interface ApplierOptions {
  readonly clock: Clock;
  readonly stateMachine: StateMachine;
  readonly observer: RaftObserver;
  /** What a new node starts from. */
  readonly start: LogId;
}

/** An entry with what the state machine answered. */
export interface Outcome {
  readonly id: LogId;
  readonly result: unknown;
}

/** What was applied at once, in order. */
export interface Slice {
  readonly outcomes: readonly Outcome[];
  /** The task is finished. */
  readonly isLast: boolean;
}

/** Feeds committed entries to the state machine, in slices, so that the event loop is never held for long. */
export class Applier {
  readonly #options: ApplierOptions;
  #queue: readonly Entry[] = [];
  #position = 0;
  #applied: LogId;
  #timeMs = 0;
  #entriesSinceSnapshot = 0;
  #bytesSinceSnapshot = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#applied = options.start;
  }

  /** The last entry the state machine holds. */
  get applied(): LogId {
    return this.#applied;
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
    const outcomes: Outcome[] = [];
    const untilMs = clock.now() + sliceMs;
    while (this.busy && outcomes.length < sliceEntries) {
      if (outcomes.length % checkClockEvery === checkClockEvery - 1 && clock.now() >= untilMs) break;
      const entry = this.#queue[this.#position];
      if (entry === undefined) break;
      outcomes.push({ id: { index: entry.index, term: entry.term }, result: this.#apply(entry) });
      this.#position += 1;
      observer.onApply?.(entry);
    }
    const isLast = this.#position === this.#queue.length;
    if (isLast) this.take([]);
    return { outcomes, isLast };
  }

  /** Replaces the state by a snapshot and forgets the task under way, which the snapshot covers. */
  restore(bytes: Uint8Array, last: LogId, timeMs: number): void {
    this.take([]);
    this.#options.stateMachine.restore(bytes, last.index);
    this.#applied = last;
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
    const { index, term, timeMs, payload, kind, frame } = entry;
    const result =
      kind === "command" ? this.#options.stateMachine.apply({ index, term, timeMs, payload }) : undefined;
    this.#applied = { index, term };
    this.#timeMs = timeMs;
    this.#entriesSinceSnapshot += 1;
    this.#bytesSinceSnapshot += frame.length;
    return result;
  }
}

/** Tells proposers what became of their entries. */
export function settleProposals(proposals: Proposals, outcomes: readonly Outcome[], before: Term): void {
  let term = before;
  for (const { id, result } of outcomes) {
    proposals.applied(id, result);
    if (id.term === term) continue;
    term = id.term;
    proposals.termApplied(term);
  }
}
