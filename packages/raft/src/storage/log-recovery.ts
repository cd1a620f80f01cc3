import { crc32 } from "node:zlib";
import type { Store } from "@flotilla/runtime";
import type { HardState, Index, LogId } from "../core/types.ts";
import { ConfigHistory, foundingMark, marksIn } from "./config-history.ts";
import type { ConfigMark } from "./config-history.ts";
import { baseConfigKey, endOfRunKeys, firstRunKey, hardKey, indexOfRunKey, runKey, tailKey } from "./keys.ts";
import type { LogState } from "./log-store.ts";
import { decodeBaseConfig, decodeHard, decodeTail } from "./records.ts";
import type { HardRecord, TailRecord } from "./records.ts";
import { RunDirectory } from "./run-directory.ts";
import { unpackRun } from "./run.ts";
import { damaged } from "./sealed.ts";

/** Everything the store says about the log, proved to be whole. */
export interface RecoveredLog extends LogState {
  readonly hardState: HardState;
  /** The first kept entry of every run of equal terms, ascending; may begin at or below the base. */
  readonly termRuns: readonly LogId[];
  /** `timeMs` of the last entry; 0 when the log is empty. */
  readonly lastTimeMs: number;
  /** Below the tail's `start`, some runs are left that a lazy deletion did not reach. */
  readonly leftovers: boolean;
}

interface Scan {
  readonly runs: RunDirectory;
  readonly termRuns: LogId[];
  readonly marks: ConfigMark[];
  last: LogId;
  lastTimeMs: number;
  chain: number;
  leftovers: boolean;
}

/**
 * Reads the whole log and proves it: records and frames match their checksums, entries are contiguous, terms
 * and times never go back, and the chained checksum ends at the tail record, which every batch renews.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when anything is unexplained, `ERR_FLOTILLA_STORAGE`
 */
export async function recoverLog(store: Store): Promise<RecoveredLog> {
  const tail = await readTail(store);
  const hard = await readHard(store, tail);
  const scan = await scanRuns(store, tail);
  const { last, chain } = tail;
  if (scan.last.index !== last.index)
    throw damaged(`the log ends at ${scan.last.index}, not at ${last.index}`);
  if (scan.last.term !== last.term || scan.chain !== chain)
    throw damaged("the log does not match its chained checksum");
  if (hard.term < last.term) throw damaged("the term is below that of the last entry");
  const later = scan.marks.filter((mark) => mark.index > tail.base.index);
  const configs = new ConfigHistory(await readBaseConfig(store, tail), later);
  return {
    tail,
    runs: scan.runs,
    configs,
    hardState: { term: hard.term, vote: hard.vote },
    termRuns: scan.termRuns,
    lastTimeMs: scan.lastTimeMs,
    leftovers: scan.leftovers,
  };
}

/** Removes what lazy deletion left below the log. */
export async function sweepLeftovers(store: Store, tail: TailRecord): Promise<void> {
  await store.clear({ from: firstRunKey, to: runKey(tail.start) });
}

async function readTail(store: Store): Promise<TailRecord> {
  const bytes = await store.get(tailKey);
  if (bytes === undefined) throw damaged("the log has no tail record");
  const tail = decodeTail(bytes);
  const { seq, hardSeq, commit, base, start, last } = tail;
  const ordered =
    hardSeq <= seq && start <= base.index + 1 && base.index <= last.index && base.term <= last.term;
  if (!ordered || commit > last.index || start < 1) throw damaged("the tail record contradicts itself");
  return tail;
}

async function readHard(store: Store, tail: TailRecord): Promise<HardRecord> {
  const bytes = await store.get(hardKey);
  if (bytes === undefined) throw damaged("term and vote are missing");
  const hard = decodeHard(bytes);
  if (hard.seq !== tail.hardSeq) throw damaged("term and vote are not the newest that were written");
  return hard;
}

async function readBaseConfig(store: Store, tail: TailRecord): Promise<ConfigMark> {
  const bytes = await store.get(baseConfigKey);
  if (bytes === undefined) {
    if (tail.base.index === 0) return foundingMark;
    throw damaged("the configuration at the base of the log is missing");
  }
  const { base, mark } = decodeBaseConfig(bytes);
  if (base !== tail.base.index || mark.index > base)
    throw damaged("the base configuration belongs to another base");
  return mark;
}

async function scanRuns(store: Store, tail: TailRecord): Promise<Scan> {
  const scan: Scan = {
    runs: new RunDirectory(),
    termRuns: [],
    marks: [],
    last: { index: tail.start - 1, term: tail.startTerm },
    lastTimeMs: 0,
    chain: tail.startChain,
    leftovers: false,
  };
  for await (const [key, packed] of store.entries({ from: firstRunKey, to: endOfRunKeys })) {
    const first = indexOfRunKey(key);
    if (first < tail.start) scan.leftovers = true;
    else takeRun(scan, tail, packed, first);
  }
  return scan;
}

function takeRun(scan: Scan, tail: TailRecord, packed: Uint8Array, from: Index): void {
  const entries = unpackRun(packed, from);
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined || first.index !== scan.last.index + 1) {
    throw damaged(`entry ${scan.last.index + 1} is missing`);
  }
  // Every batch renews the tail, so nothing a finished batch wrote can lie above it.
  if (last.index > tail.last.index) throw damaged(`entry ${last.index} is above the end of the log`);
  if (first.term < scan.last.term || first.timeMs < scan.lastTimeMs)
    throw damaged(`entry ${first.index} goes back in time`);
  const before = scan.chain;
  scan.runs.add({
    first: first.index,
    last: last.index,
    lastTerm: last.term,
    bytes: packed.length,
    chainBefore: before,
  });
  scan.chain = crc32(packed, before);
  scan.last = { index: last.index, term: last.term };
  scan.lastTimeMs = last.timeMs;
  scan.marks.push(...marksIn(entries));
  for (const { index, term } of entries) {
    if (scan.termRuns.at(-1)?.term !== term) scan.termRuns.push({ index, term });
  }
}
