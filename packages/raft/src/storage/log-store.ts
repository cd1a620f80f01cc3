import { invariant } from "@flotilla/runtime";
import type { Store, StoreWrite } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { AppendTask } from "../core/ready.ts";
import type { Index, LogId, Term } from "../core/types.ts";
import type { EntryCache } from "./entry-cache.ts";
import { firstRunKey, hardKey, runKey, tailKey } from "./keys.ts";
import { encodeHard, encodeTail } from "./records.ts";
import type { TailRecord } from "./records.ts";
import type { Cut, Run, RunDirectory } from "./run-directory.ts";
import { chainOver, groupByBytes, packEntries, unpackRun } from "./run.ts";
import { damaged } from "./sealed.ts";
import type { TermRuns } from "./term-runs.ts";

const maxRunBytes = 1 << 20;

/** The log as recovery found it in the store. */
export interface LogState {
  readonly tail: TailRecord;
  readonly runs: RunDirectory;
  readonly terms: TermRuns;
  readonly cache: EntryCache;
}

/** One batch, worked out before it is written. */
interface Plan {
  readonly writes: StoreWrite[];
  readonly tail: TailRecord;
  readonly truncation: { readonly from: Index; readonly cut: Cut } | null;
  readonly runs: readonly Run[];
  readonly entries: readonly Entry[];
}

/** The end of the log while a batch is worked out. */
interface End {
  readonly last: LogId;
  readonly chain: number;
}

/**
 * The durable log. One write at a time: the caller waits for each before the next. The reading side shows
 * what is durable, and changes in the turn a write resolves.
 */
export class LogStore implements AsyncDisposable {
  readonly #store: Store;
  readonly #onFailure: (error: unknown) => void;
  readonly #runs: RunDirectory;
  readonly #terms: TermRuns;
  readonly #cache: EntryCache;
  // Invariant: equals the tail record that is durable.
  #tail: TailRecord;
  // Invariant: #tail.base.index <= #base.index <= #tail.last.index.
  #base: LogId;
  #writing = false;
  #clearing: Promise<void> | null = null;
  #coldRun: { readonly run: Run; readonly entries: readonly Entry[] } | null = null;

  /** `onFailure` hears of a lazy deletion that failed; failures of a write reject it. */
  constructor(store: Store, state: LogState, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
    this.#runs = state.runs;
    this.#terms = state.terms;
    this.#cache = state.cache;
    this.#tail = state.tail;
    this.#base = state.tail.base;
  }

  /** The entry before the first readable one; index 0, term 0 for a log never compacted. */
  get base(): LogId {
    return this.#base;
  }

  get firstIndex(): Index {
    return this.#base.index + 1;
  }

  get last(): LogId {
    return this.#tail.last;
  }

  get lastIndex(): Index {
    return this.#tail.last.index;
  }

  /** Number of the newest durable batch. */
  get seq(): number {
    return this.#tail.seq;
  }

  /** Term of a durable entry, also of `base`; null outside of the log. */
  term(index: Index): Term | null {
    if (index === this.#base.index) return this.#base.term;
    return index < this.#base.index || index > this.lastIndex ? null : this.#terms.at(index);
  }

  /** One durable entry, or undefined outside of the log. */
  entry(index: Index): Entry | undefined {
    if (index <= this.#base.index || index > this.lastIndex) return undefined;
    return this.#cache.get(index) ?? this.#cold(index);
  }

  /**
   * Durable entries from `from` up to at most `to` (included), at least one when `from` is in the log,
   * as many as fit `maxBytes` of frames.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when stored bytes do not match their checksums
   */
  entries(from: Index, to: Index, maxBytes: number): Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to; index += 1) {
      const entry = this.entry(index);
      if (entry === undefined) break;
      bytes += entry.frame.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /**
   * Writes one batch of the core, atomic and durable when it resolves.
   * @throws FlotillaError `ERR_FLOTILLA_STORAGE`; the store takes nothing more after that
   */
  async append(task: Omit<AppendTask, "seq">): Promise<void> {
    const plan = this.#plan(task);
    await this.#write(plan.writes, plan.tail);
    if (plan.truncation !== null) this.#truncate(plan.truncation.from, plan.truncation.cut);
    for (const run of plan.runs) this.#runs.add(run);
    for (const entry of plan.entries) this.#terms.add(entry.index, entry.term);
    this.#cache.add(plan.entries);
    this.#dropBelow(plan.tail.start);
  }

  /** Replaces the whole log by one that ends, empty, at `base`. Atomic and durable when it resolves. */
  async reset(base: LogId): Promise<void> {
    const writes: StoreWrite[] = [];
    // Runs below the new start go lazily; a run above it would look like an entry.
    for (const run of this.#runs.cut(base.index + 1).removed) writes.push({ type: "delete", key: runKey(run.first) });
    const tail: TailRecord = {
      seq: this.#tail.seq + 1,
      hardSeq: this.#tail.hardSeq,
      commit: base.index,
      base,
      start: base.index + 1,
      startTerm: base.term,
      startChain: 0,
      last: base,
      chain: 0,
    };
    writes.push({ type: "put", key: tailKey, value: encodeTail(tail) });
    await this.#write(writes, tail);
    this.#runs.clear();
    this.#terms.clear();
    this.#cache.clear();
    this.#base = base;
    this.#coldRun = null;
    this.#sweep(tail.start);
  }

  /** Gives up entries at or below `base.index`: unreadable now, removed lazily after the next batch. */
  compactTo(base: LogId): void {
    if (base.index <= this.#base.index) return;
    invariant(this.term(base.index) === base.term, "compaction stays within the durable log", { base });
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

  #plan(task: Omit<AppendTask, "seq">): Plan {
    const writes: StoreWrite[] = [];
    const from = task.truncateFrom;
    const cut = from === null || from > this.lastIndex ? null : this.#runs.cut(from);
    let end: End = { last: this.#tail.last, chain: this.#tail.chain };
    if (cut !== null && from !== null) end = this.#planCut(from, cut, writes);
    const runs: Run[] = [];
    for (const group of groupByBytes(task.entries, maxRunBytes)) {
      const first = end.last.index + 1;
      const last = group.at(-1) ?? end.last;
      invariant(group[0]?.index === first && last.index === first + group.length - 1, "appended entries follow the log");
      writes.push({ type: "put", key: runKey(first), value: packEntries(group) });
      runs.push({ first, last: last.index, chainBefore: end.chain });
      end = { last: { index: last.index, term: last.term }, chain: chainOver(end.chain, group) };
    }
    const tail = this.#nextTail(task, end);
    if (task.hardState !== null) {
      writes.push({ type: "put", key: hardKey, value: encodeHard({ ...task.hardState, seq: tail.seq }) });
    }
    writes.push({ type: "put", key: tailKey, value: encodeTail(tail) });
    return { writes, tail, truncation: from === null || cut === null ? null : { from, cut }, runs, entries: task.entries };
  }

  #planCut(from: Index, cut: Cut, writes: StoreWrite[]): End {
    invariant(from > this.#base.index && from > this.#tail.commit, "committed entries are never truncated", { from });
    for (const run of cut.removed) writes.push({ type: "delete", key: runKey(run.first) });
    const last = { index: from - 1, term: this.term(from - 1) ?? 0 };
    if (cut.split === null) return { last, chain: cut.removed[0]?.chainBefore ?? this.#tail.chain };
    const { first, chainBefore } = cut.split;
    const head = this.#readRun(cut.split).slice(0, from - first);
    writes.push({ type: "put", key: runKey(first), value: packEntries(head) });
    return { last, chain: chainOver(chainBefore, head) };
  }

  #nextTail(task: Omit<AppendTask, "seq">, end: End): TailRecord {
    const seq = this.#tail.seq + 1;
    return {
      seq,
      hardSeq: task.hardState === null ? this.#tail.hardSeq : seq,
      // The core may know a commit index above what is durable here; recovery must never lead.
      commit: Math.max(this.#tail.commit, Math.min(task.commit, end.last.index)),
      base: this.#base,
      ...this.#nextStart(end),
      last: end.last,
      chain: end.chain,
    };
  }

  #nextStart(end: End): Pick<TailRecord, "start" | "startTerm" | "startChain"> {
    const { start, startTerm, startChain } = this.#tail;
    const first = this.#base.index + 1;
    const run = this.#runs.find(first);
    if (run === undefined) {
      // The base is the end of the durable log: nothing of it is needed, and a cut cannot reach it.
      if (this.#base.index !== this.lastIndex || start > this.lastIndex) return { start, startTerm, startChain };
      return { start: first, startTerm: this.#base.term, startChain: this.#tail.chain };
    }
    if (run.first <= start || run.first > end.last.index + 1) return { start, startTerm, startChain };
    return { start: run.first, startTerm: this.#terms.at(run.first - 1), startChain: run.chainBefore };
  }

  async #write(writes: readonly StoreWrite[], tail: TailRecord): Promise<void> {
    invariant(!this.#writing, "one write of the log at a time");
    this.#writing = true;
    await this.#store.write(writes);
    this.#writing = false;
    this.#tail = tail;
  }

  #truncate(from: Index, cut: Cut): void {
    this.#runs.apply(cut, from);
    this.#terms.truncateFrom(from);
    this.#cache.truncateFrom(from);
    this.#coldRun = null;
  }

  #dropBelow(start: Index): void {
    if (this.#runs.dropBelow(start) === 0) return;
    this.#terms.forgetBelow(start);
    this.#sweep(start);
  }

  #sweep(start: Index): void {
    if (this.#clearing !== null) return;
    this.#clearing = this.#store.clear({ from: firstRunKey, to: runKey(start) }).then(
      () => {
        this.#clearing = null;
      },
      (error: unknown) => {
        this.#clearing = null;
        this.#onFailure(error);
      },
    );
  }

  #cold(index: Index): Entry {
    const run = this.#runs.find(index);
    invariant(run !== undefined, "every durable entry has its run", { index });
    if (this.#coldRun?.run !== run) this.#coldRun = { run, entries: this.#readRun(run) };
    const entry = this.#coldRun.entries[index - run.first];
    if (entry === undefined) throw damaged(`entry ${index} is missing from its run`);
    return entry;
  }

  #readRun(run: Run): Entry[] {
    const packed = this.#store.getSync(runKey(run.first));
    if (packed === undefined) throw damaged(`the run at entry ${run.first} is missing`);
    return unpackRun(packed, run.first);
  }
}
