import { crc32 } from "node:zlib";
import {
  decode,
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readInt,
  readString,
  readUint,
} from "@flotilla/runtime";
import { readId } from "./ids.ts";
import { limits } from "./limits.ts";
import { decodeResult } from "./result-codec.ts";
import { frameHeaderBytes, frameKind, magic, maxFrameBytes, snapshotFormat } from "./snapshot-format.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import type { NodeFields } from "./tree-node.ts";
import type { LeaseInfo, Result } from "./types.ts";

/** A session as a snapshot holds it. */
export interface SessionRecord {
  readonly id: string;
  readonly secretHash: Uint8Array;
  readonly ttlMs: number;
  readonly attach: number;
  readonly acked: number;
  readonly lastSeq: number;
}

/** What a reader of a snapshot is told, in the order of the bytes. */
export interface SnapshotSink {
  /** The value is good for the length of the call. */
  node(fields: NodeFields): void;
  lease(lease: LeaseInfo): void;
  session(session: SessionRecord): void;
  /** The next result of the last session, and what it says. */
  result(encoded: Uint8Array, result: Result): void;
}

interface Frame {
  readonly kind: number;
  readonly body: readonly unknown[];
  readonly next: number;
}

const maxItems = 65_536;

function damaged(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `snapshot: ${message}`);
}

function checkStart(bytes: Uint8Array): number {
  if (bytes.length <= magic.length) damaged("too short");
  for (const [at, byte] of magic.entries())
    if (bytes[at] !== byte) damaged("not a snapshot of a state machine");
  const version = bytes[magic.length];
  if (version !== snapshotFormat) {
    throw new FlotillaError(
      "ERR_FLOTILLA_UNSUPPORTED",
      `snapshot: format version ${String(version)} is not known here`,
    );
  }
  return magic.length + 1;
}

function readFrame(bytes: Uint8Array, at: number): Frame {
  if (at + frameHeaderBytes > bytes.length) damaged("cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, frameHeaderBytes);
  const length = view.getUint32(0);
  const from = at + frameHeaderBytes;
  if (length > maxFrameBytes || from + length > bytes.length) damaged("cut off");
  const payload = bytes.subarray(from, from + length);
  if (crc32(payload) !== view.getUint32(4)) damaged("wrong checksum");
  const fields = readArray(decode(payload), "frame", 2, 2);
  const kind = readUint(fields[0], "frame kind");
  return { kind, body: readArray(fields[1], "frame body", 0, maxItems), next: from + length };
}

function readHeader(frame: Frame): SnapshotHeader {
  if (frame.kind !== frameKind.header) damaged("no header");
  const fields = readArray(frame.body, "header", 8, 8);
  return {
    token: { revision: readUint(fields[0], "revision"), ordinal: readUint(fields[1], "ordinal") },
    applied: readUint(fields[2], "applied"),
    index: readUint(fields[3], "index"),
    nodes: readUint(fields[4], "nodes"),
    leases: readUint(fields[5], "leases"),
    sessions: readUint(fields[6], "sessions"),
    digest: readString(fields[7], "digest", 16),
  };
}

function readNode(value: unknown): NodeFields {
  const fields = readArray(value, "node", 12, 12);
  return {
    path: readString(fields[0], "path", limits.pathBytes),
    value: readBytes(fields[1], "value", limits.valueBytes),
    czxid: readUint(fields[2], "czxid"),
    mzxid: readUint(fields[3], "mzxid"),
    pzxid: readUint(fields[4], "pzxid"),
    ctimeMs: readInt(fields[5], "ctime"),
    mtimeMs: readInt(fields[6], "mtime"),
    version: readUint(fields[7], "version"),
    created: readUint(fields[8], "created"),
    numChildren: readUint(fields[9], "children"),
    owner: fields[10] === null ? null : readId(fields[10], "owner"),
    guarded: readBoolean(fields[11], "guarded"),
  };
}

function readLease(value: unknown): LeaseInfo {
  const fields = readArray(value, "lease", 3, 3);
  return {
    id: readId(fields[0], "lease"),
    session: readId(fields[1], "session"),
    ttlMs: readUint(fields[2], "ttl", limits.maxTtlMs),
  };
}

function readSession(value: readonly unknown[]): SessionRecord {
  const fields = readArray(value, "session", 6, 6);
  const secretHash = new Uint8Array(readBytes(fields[1], "secret", 32));
  if (secretHash.length !== 32) damaged("a secret of the wrong length");
  return {
    id: readId(fields[0], "session"),
    secretHash,
    ttlMs: readUint(fields[2], "ttl", limits.maxTtlMs),
    attach: readUint(fields[3], "attach"),
    acked: readUint(fields[4], "acked"),
    lastSeq: readUint(fields[5], "seq"),
  };
}

function feedResult(value: unknown, sink: SnapshotSink): void {
  const encoded = new Uint8Array(readBytes(value, "result", maxFrameBytes));
  sink.result(encoded, decodeResult(encoded));
}

function feed(frame: Frame, sink: SnapshotSink): void {
  switch (frame.kind) {
    case frameKind.nodes:
      for (const item of frame.body) sink.node(readNode(item));
      return;
    case frameKind.leases:
      for (const item of frame.body) sink.lease(readLease(item));
      return;
    case frameKind.session:
      sink.session(readSession(frame.body));
      return;
    case frameKind.results:
      for (const item of frame.body) feedResult(item, sink);
      return;
    default:
      damaged("unknown frame");
  }
}

/**
 * Reads a snapshot from its first to its last byte and hands over what is in it. The sink must check how things
 * belong together, and that the counts of the header are met.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` for another format version
 */
export function readSnapshot(bytes: Uint8Array, sink: SnapshotSink): SnapshotHeader {
  try {
    const first = readFrame(bytes, checkStart(bytes));
    const header = readHeader(first);
    for (let at = first.next; at < bytes.length;) {
      const frame = readFrame(bytes, at);
      feed(frame, sink);
      at = frame.next;
    }
    return header;
  } catch (cause) {
    if (!FlotillaError.is(cause, "ERR_FLOTILLA_BAD_FRAME")) throw cause;
    throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `snapshot: ${cause.message}`, { cause });
  }
}
