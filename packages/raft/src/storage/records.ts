import { CborWriter, readArray, readBytes, readOptionalString, readUint } from "@flotilla/runtime";
import type { HardState, Index, LogId, Term } from "../core/types.ts";
import type { ConfigMark } from "./config-history.ts";
import { baseConfigKey, hardKey, tailKey } from "./keys.ts";
import { readSealed, seal, sealBytes, unseal } from "./sealed.ts";

/** What the log looks like after batch `seq`. Every batch carries one. */
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
  readonly startTerm: Term;
  /** Checksum chained over all frames before `start` since the log was last reset. */
  readonly startChain: number;
  readonly last: LogId;
  /** `startChain` carried on over every frame from `start` to `last`. */
  readonly chain: number;
}

/** Term and vote with the number of the batch that wrote them. */
export interface HardRecord extends HardState {
  readonly seq: number;
}

/** The tail of a log that never held anything, as the first batch writes it. */
export const bornTail: TailRecord = {
  seq: 1,
  hardSeq: 1,
  commit: 0,
  base: { index: 0, term: 0 },
  start: 1,
  startTerm: 0,
  startChain: 0,
  last: { index: 0, term: 0 },
  chain: 0,
};

const maxUint32 = 0xffff_ffff;
const maxIdBytes = 64;
const maxConfigBytes = 1 << 16;

const writer = new CborWriter();

/** Written with every batch, so item by item. */
export function encodeTail(tail: TailRecord): Uint8Array {
  const { base, last } = tail;
  writer.begin();
  writer.array(11);
  writer.number(tail.seq);
  writer.number(tail.hardSeq);
  writer.number(tail.commit);
  writer.number(base.index);
  writer.number(base.term);
  writer.number(tail.start);
  writer.number(tail.startTerm);
  writer.number(tail.startChain);
  writer.number(last.index);
  writer.number(last.term);
  writer.number(tail.chain);
  return sealBytes(writer.finish(), tailKey);
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

/** The mark belongs to the base it was written for, so that an older one is noticed. */
export function encodeBaseConfig(base: Index, mark: ConfigMark): Uint8Array {
  return seal([base, mark.index, mark.payload], baseConfigKey);
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED` */
export function decodeBaseConfig(bytes: Uint8Array): { readonly base: Index; readonly mark: ConfigMark } {
  const value = unseal(bytes, baseConfigKey, "the base configuration");
  return readSealed("the base configuration", () => {
    const [base, index, payload] = readArray(value, "base configuration", 3, 3);
    const mark = {
      index: readUint(index, "index"),
      payload: Uint8Array.from(readBytes(payload, "payload", maxConfigBytes)),
    };
    return { base: readUint(base, "base"), mark };
  });
}
