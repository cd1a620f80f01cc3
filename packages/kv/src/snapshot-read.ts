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
import { ByteQueue } from "./byte-queue.ts";
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

/** What a reader of a snapshot is told, in the order of the bytes: all nodes, all leases, each session and its results. */
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
}

const maxItems = 65_536;
/** Items handed over at a time. */
const itemsPerStep = 256;
const startBytes = magic.length + 1;

function damaged(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `snapshot: ${message}`);
}

function checkStart(bytes: Uint8Array): void {
  for (const [at, byte] of magic.entries())
    if (bytes[at] !== byte) damaged("not a snapshot of a state machine");
  const version = bytes[magic.length];
  if (version !== snapshotFormat) {
    throw new FlotillaError(
      "ERR_FLOTILLA_UNSUPPORTED",
      `snapshot: format version ${String(version)} is not known here`,
    );
  }
}

/** The next frame; null while it is not all there. */
function takeFrame(bytes: ByteQueue): Frame | null {
  const head = bytes.peek(frameHeaderBytes);
  if (head === null) return null;
  const view = new DataView(head.buffer, head.byteOffset, frameHeaderBytes);
  const length = view.getUint32(0);
  const checksum = view.getUint32(4);
  if (length > maxFrameBytes) damaged("a frame that is too long");
  const payload = bytes.take(frameHeaderBytes + length)?.subarray(frameHeaderBytes);
  if (payload === undefined) return null;
  if (crc32(payload) !== checksum) damaged("wrong checksum");
  const fields = readArray(decode(payload), "frame", 2, 2);
  const kind = readUint(fields[0], "frame kind");
  return { kind, body: readArray(fields[1], "frame body", 0, maxItems) };
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
  const fields = readArray(value, "node", 13, 13);
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
    lifetime: readInt(fields[12], "lifetime"),
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

/** Hands over the items of a frame from number `from` on, some at a time; returns how many are done. */
function feed({ kind, body }: Frame, from: number, sink: SnapshotSink): number {
  if (kind === frameKind.session) {
    sink.session(readSession(body));
    return body.length;
  }
  const items = body.slice(from, from + itemsPerStep);
  switch (kind) {
    case frameKind.nodes:
      for (const item of items) sink.node(readNode(item));
      break;
    case frameKind.leases:
      for (const item of items) sink.lease(readLease(item));
      break;
    case frameKind.results:
      for (const item of items) feedResult(item, sink);
      break;
    default:
      damaged("unknown frame");
  }
  return from + items.length;
}

/** The kinds come in the order of their numbers, but for the next session, which follows the results of the one before. */
function mayFollow(kind: number, before: number): boolean {
  return kind >= before || (kind === frameKind.session && before === frameKind.results);
}

/**
 * Reads a snapshot as its bytes come and hands over what is in it, a bounded piece of work at a time. The sink must
 * check how things belong together, and that the counts of the header are met. After a throw it is of no more use.
 */
export class SnapshotReader {
  readonly #sink: SnapshotSink;
  readonly #bytes = new ByteQueue();
  #isStarted = false;
  #header: SnapshotHeader | null = null;
  #kind: number = frameKind.nodes;
  #frame: Frame | null = null;
  #done = 0;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /** Adds the next bytes, which nobody changes from now on. */
  write(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  /**
   * Reads one frame, or hands over some of what is in the last one. False when nothing is left to do with the bytes
   * that are here.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` for another format version
   */
  work(): boolean {
    try {
      return this.#frame === null ? this.#read() : this.#feed(this.#frame);
    } catch (cause) {
      if (!FlotillaError.is(cause, "ERR_FLOTILLA_BAD_FRAME")) throw cause;
      throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `snapshot: ${cause.message}`, { cause });
    }
  }

  /**
   * What stands at the start, when every byte was read and nothing is missing at the end of the last frame.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`
   */
  end(): SnapshotHeader {
    if (this.#header === null || this.#frame !== null || this.#bytes.length > 0) damaged("cut off");
    return this.#header;
  }

  #read(): boolean {
    if (!this.#isStarted) {
      const start = this.#bytes.take(startBytes);
      if (start === null) return false;
      checkStart(start);
      this.#isStarted = true;
    }
    const frame = takeFrame(this.#bytes);
    if (frame === null) return false;
    if (this.#header === null) {
      this.#header = readHeader(frame);
      return true;
    }
    if (!mayFollow(frame.kind, this.#kind)) damaged("frames out of order");
    this.#kind = frame.kind;
    this.#frame = frame;
    this.#done = 0;
    return true;
  }

  #feed(frame: Frame): boolean {
    this.#done = feed(frame, this.#done, this.#sink);
    if (this.#done >= frame.body.length) this.#frame = null;
    return true;
  }
}
