import type { AppendTask, Configuration, Entry, HardState, Index, LogId, Recovered } from "@flotilla/raft";
import type { Budget, LogReader } from "@flotilla/raft/parts";
import type { Core } from "./load-core.ts";

const zero: LogId = { index: 0, term: 0 };

/** A snapshot on a disk. What it holds follows from where it ends: all members apply the same, or a check fails. */
export interface StoredSnapshot {
  readonly last: LogId;
  readonly timeMs: number;
  readonly configuration: Configuration;
}

/** What survives a crash. */
export class Disk implements LogReader {
  hardState: HardState = { term: 0, vote: null };
  compacted: LogId = zero;
  entries: Entry[] = [];
  commit: Index = 0;
  snapshot: StoredSnapshot | null = null;
  /** In force at `compacted`. */
  base: Configuration;
  readonly core: Core;

  constructor(core: Core, initial: Configuration) {
    this.core = core;
    this.base = initial;
  }

  get last(): LogId {
    return this.entries.at(-1) ?? this.compacted;
  }

  at(index: Index): Entry | undefined {
    return this.entries[index - this.compacted.index - 1];
  }

  write(task: AppendTask): void {
    if (task.reset !== null) this.resetTo(task.reset);
    if (task.truncateFrom !== null) this.entries.length = task.truncateFrom - this.compacted.index - 1;
    for (const entry of task.entries) {
      if (entry.index !== this.last.index + 1) throw new Error(`hole before ${entry.index}`);
      this.entries.push(entry);
    }
    this.hardState = task.hardState ?? this.hardState;
    this.commit = task.commit;
  }

  /** Those in the log, after the one in force before it. */
  configurations(): Configuration[] {
    const inLog = this.entries.filter(({ kind }) => kind === "config");
    return [this.base, ...inLog.map(({ payload, index }) => this.core.decodeConfiguration(payload, index))];
  }

  compactTo({ index, term }: LogId): void {
    this.base = this.configurations().findLast((one) => one.index <= index) ?? this.base;
    this.entries = this.entries.slice(index - this.compacted.index);
    this.compacted = { index, term };
  }

  read(from: Index, { maxEntries }: Budget): readonly Entry[] | "compacted" {
    if (from <= this.compacted.index) return "compacted";
    const first = from - this.compacted.index - 1;
    return this.entries.slice(first, first + maxEntries);
  }

  recover(): Recovered {
    const snapshot = this.snapshot?.last ?? zero;
    const known = snapshot.index === this.compacted.index ? this.compacted : this.at(snapshot.index);
    if (snapshot.index > this.compacted.index && known?.term !== snapshot.term) this.resetTo(snapshot);
    return {
      hardState: this.hardState,
      configurations: this.configurations(),
      snapshot,
      compacted: this.compacted,
      last: { index: this.last.index, term: this.last.term },
      termRuns: this.entries.filter(({ index, term }) => index === 1 || this.at(index - 1)?.term !== term),
      lastTimeMs: this.entries.at(-1)?.timeMs ?? this.snapshot?.timeMs ?? 0,
      commit: this.commit,
    };
  }

  private resetTo(last: LogId): void {
    this.compacted = last;
    this.entries = [];
    this.base = this.snapshot?.configuration ?? this.base;
  }
}
