import { crc32 } from "node:zlib";
import { FlotillaError, invariant, Slab } from "@flotilla/runtime";
import type { Entry, EntryKind } from "./entry.ts";
import { crcOfUint32 } from "./length-checksum.ts";
import type { Index, Term } from "./types.ts";

/** Bytes before the payload: length u32, CRC-32 u32, kind u8, term u64, index u64, time u64; big-endian. */
export const frameHeaderBytes = 33;

const crcAt = 4;
const kindAt = 8;
const termAt = 9;
const indexAt = 17;
const timeAt = 25;
const twoTo32 = 2 ** 32;
const kinds: readonly EntryKind[] = ["noop", "command", "config"];

/** The facts of an entry not yet encoded. */
export interface EntryDraft {
  readonly index: Index;
  readonly term: Term;
  /** Whole milliseconds. */
  readonly timeMs: number;
  readonly kind: EntryKind;
  readonly payload: Uint8Array;
}

const slab = new Slab();

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

/** The checksum covers the length as well, so that no byte of a frame can change unseen. */
function checksum(frame: Uint8Array): number {
  const { buffer, byteOffset, length } = frame;
  return crc32(new Uint8Array(buffer, byteOffset + kindAt, length - kindAt), crcOfUint32(length));
}

function writeUint32(frame: Uint8Array, at: number, value: number): void {
  frame[at] = value >>> 24;
  frame[at + 1] = value >>> 16;
  frame[at + 2] = value >>> 8;
  frame[at + 3] = value;
}

/** A u64 in two halves: many times faster than by way of bigint. */
function writeCount(frame: Uint8Array, at: number, value: number): void {
  writeUint32(frame, at, Math.floor(value / twoTo32));
  writeUint32(frame, at + 4, value);
}

/** Many are kept for peers, so it has nothing that its frame gives when asked. */
class FramedEntry implements Entry {
  readonly index: Index;
  readonly term: Term;
  readonly timeMs: number;
  readonly kind: EntryKind;
  readonly frame: Uint8Array;

  constructor({ index, term, timeMs, kind }: Omit<EntryDraft, "payload">, frame: Uint8Array) {
    this.index = index;
    this.term = term;
    this.timeMs = timeMs;
    this.kind = kind;
    this.frame = frame;
  }

  get payload(): Uint8Array {
    const { buffer, byteOffset, length } = this.frame;
    return new Uint8Array(buffer, byteOffset + frameHeaderBytes, length - frameHeaderBytes);
  }
}

/** The checksum that an intact frame carries. */
export function frameChecksum(frame: Uint8Array): number {
  return viewOf(frame).getUint32(crcAt);
}

/** Encodes an entry once, for every disk and every wire. The payload is copied. */
export function encodeEntry(draft: EntryDraft): Entry {
  const { index, term, timeMs, kind, payload } = draft;
  invariant(isCount(index, 1) && isCount(term, 1) && isCount(timeMs, 0), "EntryInRange", {
    index,
    term,
    timeMs,
  });
  const length = frameHeaderBytes + payload.length;
  const frame = slab.take(length);
  writeUint32(frame, 0, length);
  frame[kindAt] = kinds.indexOf(kind);
  writeCount(frame, termAt, term);
  writeCount(frame, indexAt, index);
  writeCount(frame, timeAt, timeMs);
  frame.set(payload, frameHeaderBytes);
  writeUint32(frame, crcAt, checksum(frame));
  return new FramedEntry(draft, frame);
}

function refuse(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `entry: ${message}`);
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function readCount(frame: DataView, at: number, least: number): number {
  const high = frame.getUint32(at);
  const low = frame.getUint32(at + 4);
  // A product is kept as an object of its own, be it as small as it may.
  const value = high === 0 ? low : high * twoTo32 + low;
  return isCount(value, least) ? value : refuse("a number is out of range");
}

/**
 * Decodes the entry that begins at `offset`. The result aliases `bytes`; the next entry begins
 * `frame.length` later.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` when anything but an intact entry is there
 */
export function decodeEntry(bytes: Uint8Array, offset: number): Entry {
  const rest = bytes.length - offset;
  if (rest < frameHeaderBytes) refuse("the frame is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, rest);
  const length = view.getUint32(0);
  if (length < frameHeaderBytes || length > rest) refuse("the length does not fit");
  const frame = new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length);
  if (view.getUint32(crcAt) !== checksum(frame)) refuse("the checksum does not match");
  return new FramedEntry(
    {
      index: readCount(view, indexAt, 1),
      term: readCount(view, termAt, 1),
      timeMs: readCount(view, timeAt, 0),
      kind: kinds[view.getUint8(kindAt)] ?? refuse("the kind is unknown"),
    },
    frame,
  );
}

/**
 * Where the entry after the one at `offset` begins, as the bytes there say: unproved, unlike what `decodeEntry` finds.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` when no entry can lie there
 */
export function skipEntry(bytes: Uint8Array, offset: number): number {
  const rest = bytes.length - offset;
  if (rest < frameHeaderBytes) refuse("the frame is cut short");
  const length = new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0);
  if (length < frameHeaderBytes || length > rest) refuse("the length does not fit");
  return offset + length;
}

/** True when `entry` may follow `previous` in one log: the next index, and neither term nor time goes back. */
function follows(previous: Entry, entry: Entry): boolean {
  return entry.index === previous.index + 1 && entry.term >= previous.term && entry.timeMs >= previous.timeMs;
}

/**
 * Decodes entries packed end to end. The results alias `bytes`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` unless the bytes are whole entries, contiguous, with terms and times that never decrease
 */
export function decodeRun(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  let previous: Entry | undefined;
  let offset = 0;
  while (offset < bytes.length) {
    const entry = decodeEntry(bytes, offset);
    if (previous !== undefined && !follows(previous, entry)) refuse("the run is not contiguous");
    entries.push(entry);
    previous = entry;
    offset += entry.frame.length;
  }
  return entries;
}

/** Packs entries end to end. */
export function encodeRun(entries: readonly Entry[]): Uint8Array {
  let length = 0;
  for (const entry of entries) length += entry.frame.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const entry of entries) {
    bytes.set(entry.frame, offset);
    offset += entry.frame.length;
  }
  return bytes;
}
