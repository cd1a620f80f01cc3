import { invariant } from "@flotilla/runtime";
import type { Entry } from "../entry.ts";
import type { Recovered } from "../options.ts";
import type { Index, LogId, Term } from "../types.ts";
import type { LogReader } from "./log-reader.ts";
import { TermRuns } from "./term-runs.ts";
import { Window } from "./window.ts";
import type { Budget } from "./window.ts";
import { WriteMark } from "./write-mark.ts";

/** The part of an append task that concerns the log. */
export interface LogWrite {
  readonly reset: LogId | null;
  readonly truncateFrom: Index | null;
  readonly entries: readonly Entry[];
}

/**
 * The log: entries after `compacted` up to `last`, the newest in memory, older ones behind a reader.
 * Invariant: `compacted.index ≤ applied ≤ handed ≤ min(commit, durable)` and `commit ≤ last.index`.
 */
export class RaftLog {
  readonly mark: WriteMark;
  readonly #reader: LogReader;
  readonly #terms: TermRuns;
  #window: Window;
  #compacted: LogId;
  #last: LogId;
  #lastTimeMs: number;
  #snapshot: LogId;
  #commit: Index;
  #handed: Index;
  #applied: Index;

  constructor(recovered: Recovered, reader: LogReader) {
    const { snapshot, compacted, last, commit } = recovered;
    invariant(compacted.index <= snapshot.index && snapshot.index <= last.index, "SnapshotInLog", {
      snapshot,
      last,
    });
    this.#reader = reader;
    this.#terms = new TermRuns(recovered.termRuns);
    this.#window = new Window(last.index + 1);
    this.#compacted = compacted;
    this.#last = last;
    this.#lastTimeMs = recovered.lastTimeMs;
    this.#snapshot = snapshot;
    this.#commit = Math.min(Math.max(commit, snapshot.index), last.index);
    this.#handed = snapshot.index;
    this.#applied = snapshot.index;
    this.mark = new WriteMark(last.index);
    invariant(this.term(last.index) === last.term, "LastTermKnown", { last });
  }

  get compacted(): LogId {
    return this.#compacted;
  }

  get last(): LogId {
    return this.#last;
  }

  get lastTimeMs(): number {
    return this.#lastTimeMs;
  }

  /** The newest durable snapshot. */
  get snapshot(): LogId {
    return this.#snapshot;
  }

  /** Frames in memory, bytes: what is not durable yet, and the newest of what is. */
  get heldBytes(): number {
    return this.#window.bytes;
  }

  get commit(): Index {
    return this.#commit;
  }

  get applied(): Index {
    return this.#applied;
  }

  get durable(): Index {
    return this.mark.durable;
  }

  /** How far this node may say that its log is durable. */
  get promisable(): Index {
    return this.mark.promisable;
  }

  /** Term of entry `index`; null when it is compacted away or not there yet. */
  term(index: Index): Term | null {
    if (index === this.#compacted.index) return this.#compacted.term;
    if (index < this.#compacted.index || index > this.#last.index) return null;
    return this.#terms.at(index);
  }

  /** `timeMs` of entry `index`; null when it is compacted away or not there yet. */
  timeMs(index: Index): number | null {
    if (index === this.#last.index) return this.#lastTimeMs;
    return this.#entryAt(index)?.timeMs ?? null;
  }

  /** True when a log that ends with `last` holds everything this one may have committed. Paper §5.4.1. */
  isUpToDate(last: LogId): boolean {
    return last.term > this.#last.term || (last.term === this.#last.term && last.index >= this.#last.index);
  }

  /** The newest entry at or below `at` that a log with `at` in it could share with this one. */
  sharedWith(at: LogId): LogId {
    const from = Math.min(at.index, this.#last.index);
    if (from <= this.#compacted.index)
      return from === this.#compacted.index ? this.#compacted : { index: from, term: 0 };
    const index = Math.max(this.#terms.lastAtMost(from, at.term), this.#compacted.index);
    return { index, term: this.term(index) ?? 0 };
  }

  /** Adds entries right after the last one. */
  append(entries: readonly Entry[]): void {
    let next = this.#last.index + 1;
    for (const entry of entries) {
      const { index } = entry;
      if (index !== next) invariant(false, "AppendContiguous", { index, expected: next });
      this.#terms.add(entry);
      this.#window.push(entry);
      next += 1;
    }
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#last = { index: last.index, term: last.term };
    this.#lastTimeMs = last.timeMs;
  }

  /** Drops every entry at or above `index`, none of them committed. */
  truncateFrom(index: Index): void {
    invariant(index > this.#commit, "NeverTruncateCommitted", { index, commit: this.#commit });
    if (index > this.#last.index) return;
    const before = this.#entryAt(index - 1);
    this.#window.truncateFrom(index);
    this.mark.truncatedFrom(index);
    this.#last = { index: index - 1, term: this.term(index - 1) ?? 0 };
    this.#terms.truncateFrom(index);
    if (before !== undefined) this.#lastTimeMs = before.timeMs;
  }

  /** Commits up to `index`; true when that is news. */
  commitTo(index: Index): boolean {
    if (index > this.#last.index) invariant(false, "CommitWithinLog", { index, last: this.#last });
    if (index <= this.#commit) return false;
    this.#commit = index;
    return true;
  }

  /** True when entry `from` must be read back: of those, few should be asked for in one turn. */
  isCold(from: Index): boolean {
    return from > this.#compacted.index && from < this.#window.first;
  }

  /**
   * Entries from `from` up to `last`, contiguous; empty when there are none; null when they are compacted away.
   */
  entries(from: Index, last: Index, budget: Budget): readonly Entry[] | null {
    if (from <= this.#compacted.index) return null;
    if (from > last || from > this.#last.index) return [];
    if (from >= this.#window.first) return this.#window.take(from, last, budget);
    const wanted = Math.min(last, this.#window.first - 1) - from + 1;
    const maxEntries = Math.min(wanted, budget.maxEntries);
    const older = this.#reader.read(from, { maxBytes: budget.maxBytes, maxEntries });
    if (older === "compacted") return null;
    this.#checkRead(older, from, maxEntries);
    return older;
  }

  /** True when something is to be written and nothing is under way. */
  get hasWrite(): boolean {
    return !this.mark.underWay && (this.mark.dirty || this.mark.durable < this.#last.index);
  }

  /** Begins the next write, which may turn out empty. */
  beginWrite(maxBytes: number): LogWrite {
    const { first, reset, truncateFrom } = this.mark.plan();
    const budget = { maxBytes, maxEntries: Number.POSITIVE_INFINITY };
    const entries = this.#window.take(first, this.#last.index, budget);
    this.mark.begin(first + entries.length - 1);
    return { reset, truncateFrom, entries };
  }

  /** The write under way is durable. */
  writeDone(cacheBytes: number): void {
    this.mark.done();
    this.#window.shrink(cacheBytes, this.mark.durable);
  }

  /** True when entries may be applied and none are being applied. */
  get hasApply(): boolean {
    return this.#handed === this.#applied && this.#handed < Math.min(this.#commit, this.mark.durable);
  }

  /** Hands out the next entries to apply. */
  beginApply(maxBytes: number, maxEntries: number): readonly Entry[] {
    const last = Math.min(this.#commit, this.mark.durable);
    const entries = this.entries(this.#handed + 1, last, { maxBytes, maxEntries });
    invariant(entries !== null && entries.length > 0, "CommittedEntriesReadable");
    this.#handed += entries.length;
    return entries;
  }

  /** The state machine has applied everything up to `index`. */
  applyDone(index: Index): void {
    if (index > this.#handed) invariant(false, "AppliedWasHanded", { index, handed: this.#handed });
    this.#applied = Math.max(this.#applied, index);
  }

  /** A snapshot of our own state, up to `last`, is durable. */
  snapshotSaved(last: LogId): void {
    invariant(last.index <= this.#applied, "SnapshotOfApplied", { last, applied: this.#applied });
    if (last.index <= this.#snapshot.index) return;
    invariant(this.term(last.index) === last.term, "SnapshotOfOurLog", { last });
    this.#snapshot = last;
  }

  /** Forgets entries up to `index`, which a snapshot covers; returns the new boundary, null when nothing changed. */
  compactTo(index: Index): LogId | null {
    invariant(index <= this.#snapshot.index, "CompactBelowSnapshot", { index, snapshot: this.#snapshot });
    if (index <= this.#compacted.index) return null;
    this.#compacted = { index, term: this.term(index) ?? 0 };
    this.#window.forgetTo(index);
    this.#terms.forgetBelow(index);
    return this.#compacted;
  }

  /**
   * A durable snapshot reaches beyond what is committed here; `timeMs` is its last entry's. What the log holds
   * beyond it stays when the log contains its last entry, else the whole log gives way. True in that case.
   */
  installSnapshot(last: LogId, timeMs: number): boolean {
    invariant(last.index > this.#commit, "SnapshotIsNews", { last, commit: this.#commit });
    this.#snapshot = last;
    this.#commit = last.index;
    this.#handed = last.index;
    this.#applied = last.index;
    const contained = this.term(last.index) === last.term;
    if (contained && last.index <= this.mark.durable) return false;
    this.#compacted = last;
    this.mark.resetTo(last);
    if (contained) {
      this.#window.forgetTo(last.index);
      this.#terms.forgetBelow(last.index);
      return false;
    }
    this.#last = last;
    this.#lastTimeMs = timeMs;
    this.#terms.truncateFrom(0);
    this.#terms.add(last);
    this.#window = new Window(last.index + 1);
    return true;
  }

  #entryAt(index: Index): Entry | undefined {
    return this.entries(index, index, { maxBytes: 0, maxEntries: 1 })?.[0];
  }

  #checkRead(entries: readonly Entry[], from: Index, maxEntries: number): void {
    let expected = from;
    for (const entry of entries) {
      const sound = entry.index === expected && entry.term === this.term(entry.index);
      invariant(sound, "ReaderAgrees", { index: entry.index, expected });
      expected += 1;
    }
    const { length } = entries;
    invariant(length > 0 && length <= maxEntries, "ReaderAgrees", { from, length });
  }
}
