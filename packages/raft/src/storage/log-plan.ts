import { crc32 } from "node:zlib";
import { invariant } from "@flotilla/runtime";
import type { StoreWrite } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { AppendTask } from "../core/ready.ts";
import type { Index, LogId } from "../core/types.ts";
import type { ConfigHistory, ConfigMark } from "./config-history.ts";
import { baseConfigKey, hardKey, runKey, tailKey } from "./keys.ts";
import { encodeBaseConfig, encodeHard, encodeTail } from "./records.ts";
import type { TailRecord } from "./records.ts";
import type { Run, RunDirectory } from "./run-directory.ts";
import { packRun } from "./run.ts";

/** The durable log as a batch finds it. */
export interface LogView {
  readonly tail: TailRecord;
  /** Where the log should begin from now on; at or after `tail.base`. */
  readonly base: LogId;
  readonly runs: RunDirectory;
  readonly configs: ConfigHistory;
  /** The first so many entries of a run. */
  readonly head: (run: Run, count: number) => readonly Entry[];
}

/** What a batch asks of the log. */
export interface LogChange extends Omit<AppendTask, "seq"> {
  /** With `reset`: the configuration in force at the new base. */
  readonly resetConfig?: ConfigMark;
}

/** One atomic batch, and the runs that exist once it is durable. */
export interface Plan {
  readonly writes: readonly StoreWrite[];
  readonly tail: TailRecord;
  /** Runs from the one holding this index on are gone; null: none. */
  readonly dropFrom: Index | null;
  readonly added: readonly Run[];
}

interface Draft {
  readonly writes: StoreWrite[];
  readonly added: Run[];
  last: LogId;
  chain: number;
}

/** Works out the batch that makes `change` durable. Writes nothing. */
export function planBatch(view: LogView, change: LogChange): Plan {
  const { tail } = view;
  const draft: Draft = { writes: [], added: [], last: tail.last, chain: tail.chain };
  const dropFrom =
    change.reset === null ? truncate(draft, view, change.truncateFrom) : reset(draft, view, change.reset);
  putRun(draft, change.entries);
  const { base, start, startTerm, startChain } =
    change.reset === null ? startOf(view) : emptyAt(change.reset);
  const next: TailRecord = {
    seq: tail.seq + 1,
    hardSeq: change.hardState === null ? tail.hardSeq : tail.seq + 1,
    // The core may know a commit index above what is durable here; recovery must never lead.
    commit: Math.max(change.reset?.index ?? tail.commit, Math.min(change.commit, draft.last.index)),
    base,
    start,
    startTerm,
    startChain,
    last: draft.last,
    chain: draft.chain,
  };
  putRecords(draft, view, change, next);
  return { writes: draft.writes, tail: next, dropFrom, added: draft.added };
}

function truncate(draft: Draft, view: LogView, from: Index | null): Index | null {
  const { tail, base, runs } = view;
  if (from === null || from > tail.last.index) return null;
  invariant(from > base.index && from > tail.commit, "committed entries are never truncated", { from });
  const { kept, split, removed } = runs.cut(from);
  for (const run of removed) draft.writes.push({ type: "delete", key: runKey(run.first) });
  draft.last = kept === undefined ? { index: tail.start - 1, term: tail.startTerm } : endOf(kept);
  draft.chain = (split ?? removed[0])?.chainBefore ?? tail.chain;
  if (split !== undefined) putRun(draft, view.head(split, from - split.first));
  return from;
}

function reset(draft: Draft, view: LogView, base: LogId): Index {
  // Runs below the new base go lazily, recovery knows them by their keys; one above it would look like entries.
  for (const run of view.runs.cut(base.index + 1).removed)
    draft.writes.push({ type: "delete", key: runKey(run.first) });
  draft.last = base;
  draft.chain = 0;
  return 0;
}

function putRun(draft: Draft, entries: readonly Entry[]): void {
  const last = entries.at(-1);
  if (last === undefined) return;
  const first = draft.last.index + 1;
  const contiguous = entries[0]?.index === first && last.index === first + entries.length - 1;
  invariant(contiguous && last.term >= draft.last.term, "appended entries follow the log", { first });
  const packed = packRun(entries);
  draft.writes.push({ type: "put", key: runKey(first), value: packed });
  draft.added.push({
    first,
    last: last.index,
    lastTerm: last.term,
    bytes: packed.length,
    chainBefore: draft.chain,
  });
  draft.last = { index: last.index, term: last.term };
  draft.chain = crc32(packed, draft.chain);
}

function putRecords(draft: Draft, view: LogView, change: LogChange, tail: TailRecord): void {
  if (change.hardState !== null) {
    draft.writes.push({
      type: "put",
      key: hardKey,
      value: encodeHard({ ...change.hardState, seq: tail.seq }),
    });
  }
  if (tail.base.index !== view.tail.base.index || change.reset !== null) {
    const mark = change.reset === null ? view.configs.at(tail.base.index) : change.resetConfig;
    invariant(mark !== undefined, "a reset names the configuration at its base");
    draft.writes.push({ type: "put", key: baseConfigKey, value: encodeBaseConfig(tail.base.index, mark) });
  }
  draft.writes.push({ type: "put", key: tailKey, value: encodeTail(tail) });
}

type Start = Pick<TailRecord, "base" | "start" | "startTerm" | "startChain">;

function startOf({ tail, base, runs }: LogView): Start {
  const run = runs.find(base.index + 1);
  // No run holds the entry after the base: the base is the end of the log, and no truncation can reach it.
  if (run === undefined) return { base, start: base.index + 1, startTerm: base.term, startChain: tail.chain };
  const startTerm = runs.before(run)?.lastTerm ?? tail.startTerm;
  return { base, start: run.first, startTerm, startChain: run.chainBefore };
}

function emptyAt(base: LogId): Start {
  return { base, start: base.index + 1, startTerm: base.term, startChain: 0 };
}

function endOf(run: Run): LogId {
  return { index: run.last, term: run.lastTerm };
}
