import { crc32 } from "node:zlib";
import type { CborReader } from "@flotilla/runtime";
import { CborWriter } from "@flotilla/runtime";

/*
 * A backup: the magic, a byte with the format version, then frames: their length and CRC-32, 32 bits each, big endian,
 * and the payload, whose first byte is its kind. One header, any number of data frames, one end, nothing behind it.
 *   header  [cluster, historyId, index, term, revision, timeMs, featureLevel, nodes, leases, sessions, digest]
 *   data    the next bytes of the machine's snapshot, which has a format version of its own
 *   end     [bytes of all data frames, SHA-256 of everything before this frame]
 */

/** First bytes of a backup; the format version follows as one byte. */
export const backupMagic: Uint8Array = new TextEncoder().encode("FLOTBKUP");
/** Raised when the meaning of a backup's bytes changes. */
export const backupFormat = 1;
export const startBytes: number = backupMagic.length + 1;
/** Before each frame: its length and its CRC-32. */
export const frameHeadBytes = 8;
/** Bytes of one frame at most. */
export const maxFrameBytes = 1_048_576;

export const frameKind = { header: 0, data: 1, end: 2 } as const;

const maxNameBytes = 512;
const hashBytes = 32;

/** What a backup holds, and where it comes from. */
export interface BackupHeader {
  readonly cluster: string;
  /** Of the cluster it was taken from. */
  readonly historyId: string;
  /** Log index of the last command in it. */
  readonly index: number;
  /** The term in which it was taken. */
  readonly term: number;
  readonly revision: number;
  /** Wall time at which it was taken, ms since the epoch. */
  readonly timeMs: number;
  /** The feature level that the cluster had agreed on. */
  readonly featureLevel: number;
  readonly nodes: number;
  readonly leases: number;
  readonly sessions: number;
  /** Of the whole state. */
  readonly digest: string;
}

/** What stands at the end of a backup. */
export interface BackupEnd {
  /** Of all data frames. */
  readonly dataBytes: number;
  /** SHA-256 of everything before. */
  readonly hash: Uint8Array;
}

const writer = new CborWriter();

/** A frame with its head. */
export function backupFrame(kind: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeadBytes + 1 + body.length);
  frame[frameHeadBytes] = kind;
  frame.set(body, frameHeadBytes + 1);
  const payload = frame.subarray(frameHeadBytes);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, crc32(payload));
  return frame;
}

export function encodeHeader(header: BackupHeader): Uint8Array {
  const { cluster, historyId, index, term, revision, timeMs, featureLevel } = header;
  writer.begin();
  writer.array(11);
  writer.text(cluster);
  writer.text(historyId);
  const counts = [index, term, revision, timeMs, featureLevel, header.nodes, header.leases, header.sessions];
  for (const count of counts) writer.number(count);
  writer.text(header.digest);
  return writer.finish();
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readHeader(reader: CborReader): BackupHeader {
  reader.array("backup header", 11, 11);
  const header = {
    cluster: reader.text("cluster", maxNameBytes),
    historyId: reader.text("historyId", maxNameBytes),
    index: reader.uint("index"),
    term: reader.uint("term"),
    revision: reader.uint("revision"),
    timeMs: reader.uint("time"),
    featureLevel: reader.uint("feature level"),
    nodes: reader.uint("nodes"),
    leases: reader.uint("leases"),
    sessions: reader.uint("sessions"),
    digest: reader.text("digest", maxNameBytes),
  };
  reader.end("backup header");
  return header;
}

export function encodeEnd({ dataBytes, hash }: BackupEnd): Uint8Array {
  writer.begin();
  writer.array(2);
  writer.number(dataBytes);
  writer.bytes(hash);
  return writer.finish();
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readEnd(reader: CborReader): BackupEnd {
  reader.array("backup end", 2, 2);
  const end = { dataBytes: reader.uint("bytes"), hash: reader.bytes("hash", hashBytes).slice() };
  reader.end("backup end");
  return end;
}
