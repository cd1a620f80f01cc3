import { FlotillaError } from "@flotilla/runtime";
import type { Clock } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { Index, LogId, Term } from "../core/types.ts";
import type { Storage } from "../storage/open-storage.ts";
import type { Skips } from "../storage/skips.ts";
import type { RaftObserver } from "./observer.ts";
import type { Proposals } from "./proposals.ts";
import type { Settings } from "./settings.ts";
import type { StateMachine } from "./state-machine.ts";

const sliceMs = 4;
const nothing: readonly Entry[] = [];

/** What was applied at once, in order: entry `from + k` of the task, with what the state machine answered. */
export interface Slice {
  readonly task: readonly Entry[];
  readonly from: number;
  readonly results: readonly unknown[];
}

/** Feeds committed entries to the state machine, in slices, so that the event loop is never held for long. */
export class Applier {
  readonly #clock: Clock;
  readonly #stateMachine: StateMachine;
  readonly #observer: RaftObserver;
  readonly #skips: Skips;
  readonly #maxEntries: number;
  #queue: readonly Entry[] = [];
  #position = 0;
  /** On every member at the same entries. */
  readonly #snapshotEvery: { readonly entries: number; readonly bytes: number };
  #index: Index;
  #term: Term;
  #timeMs = 0;
  #bytesSinceSnapshot = 0;
  #isSnapshotDue = false;

  constructor(
    settings: Pick<
      Settings,
      "host" | "stateMachine" | "observer" | "limits" | "snapshotEntries" | "snapshotBytes"
    >,
    storage: Pick<Storage, "skips" | "recovered">,
  ) {
    this.#clock = settings.host.clock;
    this.#stateMachine = settings.stateMachine;
    this.#observer = settings.observer;
    this.#skips = storage.skips;
    this.#maxEntries = settings.limits.maxApplyEntries;
    this.#snapshotEvery = { entries: settings.snapshotEntries, bytes: settings.snapshotBytes };
    const { index, term } = storage.recovered.snapshot;
    this.#index = index;
    this.#term = term;
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

  /** A snapshot should be taken now, before anything else is applied. */
  get isSnapshotDue(): boolean {
    return this.#isSnapshotDue;
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
    const task = this.#queue;
    const from = this.#position;
    const results: unknown[] = [];
    const untilMs = this.#clock.now() + sliceMs;
    while (results.length < this.#maxEntries) {
      // One that is small may take long.
      if (results.length > 0 && this.#clock.now() >= untilMs) break;
      const entry = task[this.#position];
      if (entry === undefined) break;
      results.push(this.#apply(entry));
      this.#position += 1;
      this.#observer.onApply?.(entry);
      if (this.#isSnapshotDue) break;
    }
    if (this.#position === task.length) this.take(nothing);
    return { task, from, results };
  }

  /** Lets a snapshot take the place of the state and forgets the task under way, which the snapshot covers. */
  restore(replaceState: () => void, last: LogId, timeMs: number): void {
    this.take(nothing);
    replaceState();
    this.#index = last.index;
    this.#term = last.term;
    this.#timeMs = timeMs;
    this.snapshotTaken();
    this.#observer.onRestore?.(last);
  }

  /** Begins to count anew towards the next snapshot. */
  snapshotTaken(): void {
    this.#bytesSinceSnapshot = 0;
    this.#isSnapshotDue = false;
  }

  #apply(entry: Entry): unknown {
    const isCommand = entry.kind === "command";
    const result = isCommand ? applyCommand(this.#stateMachine, entry, this.#skips) : undefined;
    this.#index = entry.index;
    this.#term = entry.term;
    this.#timeMs = entry.timeMs;
    this.#bytesSinceSnapshot += entry.frame.length;
    const { entries, bytes } = this.#snapshotEvery;
    this.#isSnapshotDue ||= entry.index % entries === 0 || this.#bytesSinceSnapshot >= bytes;
    return result;
  }
}

/**
 * Has the state machine apply a command, or pass it over.
 * @throws FlotillaError naming the entry; the state machine is in an unknown state then
 */
export function applyCommand(stateMachine: StateMachine, entry: Entry, skips: Skips): unknown {
  try {
    return skips.has(entry) ? stateMachine.skip?.(entry) : stateMachine.apply(entry);
  } catch (cause) {
    const { index, term } = entry;
    const code = FlotillaError.is(cause) ? cause.code : "ERR_FLOTILLA_INTERNAL";
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `entry ${index} of term ${term} stops the state machine: ${reason}`;
    throw new FlotillaError(code, message, { cause, details: { index, term } });
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
