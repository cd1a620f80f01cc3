import { crc32 } from "node:zlib";
import { ByteQueue, CborReader, expectItems, FlotillaError } from "@flotilla/runtime";

import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { readAcl } from "./acl-codec.ts";
import { readBudget } from "./budget-codec.ts";
import type { BudgetRecord } from "./budget-table.ts";
import { requireKnown } from "./feature-level.ts";
import { idDigits } from "./ids.ts";
import { limits } from "./limits.ts";
import { decodeResult } from "./result-codec.ts";
import { frameHeaderBytes, frameKind, magic, maxFrameBytes, snapshotFormat } from "./snapshot-format.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import type { NodeFields } from "./tree-node.ts";
import type { LeaseInfo, Result } from "./types.ts";

/** A node as a snapshot holds it. */
export interface NodeRecord extends NodeFields {
  /** `openAccess` itself, or as it was read: without its hash. */
  readonly access: Access;
}

/** A session as a snapshot holds it. */
export interface SessionRecord {
  readonly id: string;
  readonly secretHash: Uint8Array;
  readonly ttlMs: number;
  readonly attach: number;
  readonly acked: number;
  readonly lastSeq: number;
}

/**
 * What a reader of a snapshot is told, in the order of the bytes: all budgets, all nodes, all leases, each session and
 * its results.
 */
export interface SnapshotSink {
  budget(record: BudgetRecord): void;
  /** The value is good for the length of the call. */
  node(fields: NodeRecord): void;
  lease(lease: LeaseInfo): void;
  session(session: SessionRecord): void;
  /** The next result of the last session, and what it says. */
  result(encoded: Uint8Array, result: Result): void;
}

interface Frame {
  readonly kind: number;
  readonly items: CborReader;
  /** Items not taken yet; of a header and of a session, its fields. */
  left: number;
}

const maxItems = 65_536;
/** Items handed over at a time. */
const itemsPerStep = 512;
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
  const items = new CborReader(payload);
  items.array("frame", 2, 2);
  const kind = items.uint("frame kind");
  return { kind, items, left: items.array("frame body", 1, maxItems) };
}

function readHeader({ kind, items, left }: Frame, newest: number): SnapshotHeader {
  if (kind !== frameKind.header) damaged("no header");
  expectItems("header", left, 11);
  const featureLevel = items.uint("feature level");
  requireKnown("a snapshot", featureLevel, newest);
  const header = {
    featureLevel,
    graceMs: items.uint("grace"),
    token: { revision: items.uint("revision"), ordinal: items.uint("ordinal") },
    applied: items.uint("applied"),
    index: items.uint("index"),
    budgets: items.uint("budgets"),
    nodes: items.uint("nodes"),
    leases: items.uint("leases"),
    sessions: items.uint("sessions"),
    digest: items.text("digest", 16),
  };
  items.end("header");
  return header;
}

function readBudgetRecord(items: CborReader): BudgetRecord {
  items.array("budget", 4, 4);
  return {
    path: items.text("path", limits.pathBytes),
    budget: readBudget(items),
    second: items.uint("second"),
    writes: items.uint("writes"),
  };
}

function readNode(items: CborReader): NodeRecord {
  const fields = items.array("node", 13, 15);
  if (fields !== 13) expectItems("node", fields, 15);
  return {
    path: items.text("path", limits.pathBytes),
    value: items.bytes("value", limits.valueBytes),
    czxid: items.uint("czxid"),
    mzxid: items.uint("mzxid"),
    pzxid: items.uint("pzxid"),
    ctimeMs: items.int("ctime"),
    mtimeMs: items.int("mtime"),
    version: items.uint("version"),
    created: items.uint("created"),
    numChildren: items.uint("children"),
    owner: items.takeNull() ? null : items.hex("owner", idDigits),
    guarded: items.boolean("guarded"),
    lifetime: items.int("lifetime"),
    access: fields === 13 ? openAccess : readAccess(items),
  };
}

function readAccess(items: CborReader): Access {
  return { acl: readAcl(items), aversion: items.uint("aversion"), hash: 0 };
}

function readLease(items: CborReader): LeaseInfo {
  items.array("lease", 4, 4);
  return {
    id: items.hex("lease", idDigits),
    session: items.hex("session", idDigits),
    ttlMs: items.uint("ttl", limits.maxTtlMs),
    doomed: items.boolean("doomed"),
  };
}

function readSession({ items, left }: Frame): SessionRecord {
  expectItems("session", left, 6);
  const id = items.hex("session", idDigits);
  const secretHash = new Uint8Array(items.bytes("secret", 32));
  if (secretHash.length !== 32) damaged("a secret of the wrong length");
  return {
    id,
    secretHash,
    ttlMs: items.uint("ttl", limits.maxTtlMs),
    attach: items.uint("attach"),
    acked: items.uint("acked"),
    lastSeq: items.uint("seq"),
  };
}

function feedResult(items: CborReader, sink: SnapshotSink): void {
  const encoded = new Uint8Array(items.bytes("result", maxFrameBytes));
  sink.result(encoded, decodeResult(encoded));
}

function feedItem({ kind, items }: Frame, sink: SnapshotSink): void {
  if (kind === frameKind.nodes) sink.node(readNode(items));
  else if (kind === frameKind.budgets) sink.budget(readBudgetRecord(items));
  else if (kind === frameKind.leases) sink.lease(readLease(items));
  else if (kind === frameKind.results) feedResult(items, sink);
  else damaged("unknown frame");
}

/** Hands over the next items of a frame. */
function feed(frame: Frame, sink: SnapshotSink): void {
  if (frame.kind === frameKind.session) {
    sink.session(readSession(frame));
    frame.left = 0;
  }
  for (let taken = 0; frame.left > 0 && taken < itemsPerStep; taken += 1) {
    feedItem(frame, sink);
    frame.left -= 1;
  }
  if (frame.left === 0) frame.items.end("frame");
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
  readonly #newest: number;
  readonly #bytes = new ByteQueue();
  #isStarted = false;
  #header: SnapshotHeader | null = null;
  #kind: number = frameKind.budgets;
  #frame: Frame | null = null;

  /** `newest`: the highest feature level to know. */
  constructor(sink: SnapshotSink, newest: number) {
    this.#sink = sink;
    this.#newest = newest;
  }

  /** Adds the next bytes, which nobody changes from now on. */
  write(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  /**
   * Hands over what is in the next frame, or the next 512 items in it. False when nothing is left to do with the bytes
   * that are here.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` for another format version or a higher
   *   feature level
   */
  work(): boolean {
    try {
      const frame = this.#frame ?? this.#next();
      if (frame === null) return false;
      this.#take(frame);
      return true;
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

  #next(): Frame | null {
    if (!this.#isStarted) {
      const start = this.#bytes.take(startBytes);
      if (start === null) return null;
      checkStart(start);
      this.#isStarted = true;
    }
    return takeFrame(this.#bytes);
  }

  #take(frame: Frame): void {
    if (this.#header === null) {
      this.#header = readHeader(frame, this.#newest);
      return;
    }
    if (frame !== this.#frame) {
      if (!mayFollow(frame.kind, this.#kind)) damaged("frames out of order");
      this.#kind = frame.kind;
    }
    feed(frame, this.#sink);
    this.#frame = frame.left === 0 ? null : frame;
  }
}
