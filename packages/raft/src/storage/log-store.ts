import { invariant } from "@flotilla/runtime";
import type { Store } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { LogReader } from "../core/log/log-reader.ts";
import type { Budget } from "../core/log/window.ts";
import type { Index, LogId, Term } from "../core/types.ts";
import { marksIn } from "./config-history.ts";
import type { ConfigHistory, ConfigMark } from "./config-history.ts";
import { firstRunKey, runKey } from "./keys.ts";
import { planBatch } from "./log-plan.ts";
import type { LogChange, Plan } from "./log-plan.ts";
import { OpenRun } from "./open-run.ts";
import type { TailRecord } from "./records.ts";
import type { Run, RunDirectory } from "./run-directory.ts";
import { damaged } from "./sealed.ts";

/** Runs kept in memory because they are being read, beside the newest of them. */
const maxOpen = { runs: 8, bytes: 4 << 20 };

/** Each is looked up in the store by itself. */
const maxRunsRead = 64;

/** The log as recovery proved it. */
export interface LogState {
  readonly tail: TailRecord;
  readonly runs: RunDirectory;
  readonly configs: ConfigHistory;
}

/**
 * The durable log. One write at a time: the caller waits for each before the next. What is read is what is
 * durable; it changes in the turn a write resolves.
 */
export class LogStore implements LogReader, AsyncDisposable {
  readonly #store: Store;
  readonly #onFailure: (error: unknown) => void;
  readonly #runs: RunDirectory;
  readonly #configs: ConfigHistory;
  // Invariant: equals the tail record that is durable.
  #tail: TailRecord;
  // Invariant: #tail.base.index <= #base.index <= #tail.last.index.
  #base: LogId;
  #writing = false;
  #clearing: Promise<void> | null = null;
  // The one used last is the first.
  #opened: readonly OpenRun[] = [];

  /** `onFailure` hears of a lazy deletion that failed; a failed write rejects instead. */
  constructor(store: Store, state: LogState, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
    this.#runs = state.runs;
    this.#configs = state.configs;
    this.#tail = state.tail;
    this.#base = state.tail.base;
  }

  /** The entry before the first readable one; zeroes for a log never compacted. */
  get base(): LogId {
    return this.#base;
  }

  get last(): LogId {
    return this.#tail.last;
  }

  /** Committed at least up to here, as far as the disk knows. */
  get commit(): Index {
    return this.#tail.commit;
  }

  /** Number of the newest durable batch. */
  get seq(): number {
    return this.#tail.seq;
  }

  /** The configuration in force at the base, then one per `config` entry of the durable log. */
  get configs(): readonly ConfigMark[] {
    return this.#configs.all;
  }

  /** The configuration in force at `index`, which is at or after the base. */
  configAt(index: Index): ConfigMark {
    return this.#configs.at(index);
  }

  /** The lowest entry after which the log up to `index` takes about `bytes` at most. */
  floorWithin(bytes: number, index: Index): Index {
    return this.#runs.floorWithin(bytes, index);
  }

  read(from: Index, budget: Budget): readonly Entry[] | "compacted" {
    if (from <= this.#base.index) return "compacted";
    invariant(from <= this.#tail.last.index, "only durable entries are read", { from });
    const found: Entry[] = [];
    let left = budget;
    let index = from;
    for (let runs = 0; runs < maxRunsRead && index <= this.#tail.last.index; runs += 1) {
      const run = this.#runOf(index);
      left = this.#open(run).take(index, left, found);
      index = from + found.length;
      if (index <= run.last || left.maxBytes <= 0 || left.maxEntries === 0) break;
    }
    return found;
  }

  /** Term of a durable entry or of the base; null outside of the log. May read the store. */
  term(index: Index): Term | null {
    if (index === this.#base.index) return this.#base.term;
    if (index < this.#base.index || index > this.#tail.last.index) return null;
    const run = this.#runOf(index);
    if (index === run.last) return run.lastTerm;
    const found: Entry[] = [];
    this.#open(run).take(index, { maxBytes: 0, maxEntries: 1 }, found);
    return found[0]?.term ?? null;
  }

  /**
   * Makes one batch of the core durable, atomically.
   * @throws FlotillaError `ERR_FLOTILLA_STORAGE`; the store takes nothing more after that
   */
  async append(change: LogChange): Promise<void> {
    invariant(!this.#writing, "one write of the log at a time");
    this.#writing = true;
    const plan = planBatch(
      {
        tail: this.#tail,
        base: this.#base,
        runs: this.#runs,
        configs: this.#configs,
        head: (run, count) => this.#head(run, count),
      },
      change,
    );
    await this.#store.write(plan.writes);
    this.#writing = false;
    this.#adopt(plan, change);
  }

  /** Gives up entries at or below `base.index`: unreadable now, removed lazily after the next batch. */
  compactTo(base: LogId): void {
    if (base.index <= this.#base.index) return;
    invariant(base.index <= this.#tail.last.index, "compaction stays within the durable log", { base });
    this.#base = base;
  }

  /** Waits for lazy deletion and closes the store. Idempotent. */
  async close(): Promise<void> {
    await this.#clearing;
    await this.#store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #adopt(plan: Plan, change: LogChange): void {
    const before = this.#tail.start;
    this.#tail = plan.tail;
    if (plan.dropFrom !== null) {
      this.#runs.dropFrom(plan.dropFrom);
      this.#configs.truncateFrom(plan.dropFrom);
      this.#opened = [];
    }
    if (change.reset !== null && change.resetConfig !== undefined) {
      this.#base = change.reset;
      this.#configs.reset(change.resetConfig);
    }
    for (const run of plan.added) this.#runs.add(run);
    this.#configs.add(marksIn(change.entries));
    this.#configs.compactTo(plan.tail.base.index);
    this.#runs.dropBelow(plan.tail.start);
    if (plan.tail.start > before) this.#sweep(plan.tail.start);
  }

  #sweep(start: Index): void {
    if (this.#clearing !== null) return;
    this.#clearing = this.#store
      .clear({ from: firstRunKey, to: runKey(start) })
      .catch((error: unknown) => this.#onFailure(error))
      .then(() => {
        this.#clearing = null;
      });
  }

  #runOf(index: Index): Run {
    const run = this.#runs.find(index);
    invariant(run !== undefined, "every durable entry has its run", { index });
    return run;
  }

  #head(run: Run, count: number): readonly Entry[] {
    const found: Entry[] = [];
    this.#open(run).take(run.first, { maxBytes: Number.POSITIVE_INFINITY, maxEntries: count }, found);
    return found;
  }

  #open(run: Run): OpenRun {
    const known = this.#opened.find((one) => one.run === run);
    if (known !== undefined) return this.#keepOpen(known);
    const packed = this.#store.getSync(runKey(run.first));
    if (packed === undefined) throw damaged(`the run at entry ${run.first} is missing`);
    return this.#keepOpen(new OpenRun(run, packed));
  }

  /** Several are read at the same time: one for every peer that was away, one for the state machine. */
  #keepOpen(newest: OpenRun): OpenRun {
    if (this.#opened[0] === newest) return newest;
    const kept = [newest];
    let bytes = newest.run.bytes;
    for (const one of this.#opened.filter((each) => each !== newest)) {
      bytes += one.run.bytes;
      if (kept.length === maxOpen.runs || bytes > maxOpen.bytes) break;
      kept.push(one);
    }
    this.#opened = kept;
    return newest;
  }
}
