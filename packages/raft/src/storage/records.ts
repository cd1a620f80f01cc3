import { readArray, readOptionalString, readUint } from "@flotilla/runtime";
import type { HardState, Index, LogId } from "../core/types.ts";
import { hardKey, tailKey } from "./keys.ts";
import { readSealed, seal, unseal } from "./sealed.ts";

/** What the log looked like after batch `seq`. Every batch carries one. */
export interface TailRecord {
  /** Number of the batch, from 1. */
  readonly seq: number;
  /** Number of the batch that wrote the hard state last. */
  readonly hardSeq: number;
  /** Committed at least up to here; may lag, never leads. */
  readonly commit: Index;
  /** Entries up to here are gone, or free to go. */
  readonly base: LogId;
  /** First index of the first run still kept; at most `base.index + 1`. */
  readonly start: Index;
  /** Term of entry `start - 1`. */
  readonly startTerm: number;
  /** Checksum chained over all frames before `start`, as far back as the log was ever reset. */
  readonly startChain: number;
  readonly last: LogId;
  /** `startChain` carried on over every frame from `start` to `last`. */
  readonly chain: number;
}

/** Term and vote with the number of the batch that wrote them. */
export interface HardRecord extends HardState {
  readonly seq: number;
}

const maxUint32 = 0xffff_ffff;
const maxIdBytes = 64;

export function encodeTail(tail: TailRecord): Uint8Array {
  const { seq, hardSeq, commit, base, start, startTerm, startChain, last, chain } = tail;
  return seal(
    [seq, hardSeq, commit, base.index, base.term, start, startTerm, startChain, last.index, last.term, chain],
    tailKey,
  );
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED` */
export function decodeTail(bytes: Uint8Array): TailRecord {
  const value = unseal(bytes, tailKey, "the tail record");
  return readSealed("the tail record", () => {
    const items = readArray(value, "tail", 11, 11);
    const at = (position: number, max?: number): number => readUint(items[position], "tail", max);
    return {
      seq: at(0),
      hardSeq: at(1),
      commit: at(2),
      base: { index: at(3), term: at(4) },
      start: at(5),
      startTerm: at(6),
      startChain: at(7, maxUint32),
      last: { index: at(8), term: at(9) },
      chain: at(10, maxUint32),
    };
  });
}

export function encodeHard(hard: HardRecord): Uint8Array {
  return seal([hard.seq, hard.term, hard.vote], hardKey);
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED` */
export function decodeHard(bytes: Uint8Array): HardRecord {
  const value = unseal(bytes, hardKey, "the hard state");
  return readSealed("the hard state", () => {
    const [seq, term, vote] = readArray(value, "hard state", 3, 3);
    return {
      seq: readUint(seq, "seq"),
      term: readUint(term, "term"),
      vote: readOptionalString(vote, "vote", maxIdBytes) ?? null,
    };
  });
}
