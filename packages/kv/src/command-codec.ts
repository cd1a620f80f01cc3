import {
  CborReader,
  CborWriter,
  expectItems,
  FlotillaError,
  readArray,
  readBytes,
  readString,
  readUint,
} from "@flotilla/runtime";
import { newestLevel, oldestLevel, requireAgreed, requireKnown } from "./feature-level.ts";
import { readIdentities, writeIdentities } from "./acl-codec.ts";
import { idDigits } from "./ids.ts";
import { limits } from "./limits.ts";
import { operationBounds } from "./operation-bounds.ts";
import { readOperation, writeOperation } from "./operation-codec.ts";
import { checkShape } from "./operation-shape.ts";
import type {
  AttachCommand,
  BeginHistoryCommand,
  BeginRestoredCommand,
  ExpireCommand,
  KvCommand,
  ReapCommand,
  RequestCommand,
  SetFeatureLevelCommand,
} from "./types.ts";

const tag = {
  attach: 0,
  request: 1,
  expire: 2,
  beginHistory: 3,
  reap: 4,
  beginRestored: 5,
  endGrace: 6,
  setFeatureLevel: 7,
} as const;
const secretBytes = 16;
const maxLeases = 10_000;
const maxPaths = 10_000;

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

function requireSecret(secret: Uint8Array): void {
  if (secret.length !== secretBytes) bad(`secret: expected ${secretBytes} bytes`);
}

function requireCount(count: number, what: string): void {
  if (count < 1) bad(`${what}: expected at least 1`);
}

function requireAckBelow(ack: number, seq: number): void {
  if (ack >= seq) bad("ack: expected less than seq");
}

const writer = new CborWriter();
/** The feature level of the command being written. */
let writtenFor = oldestLevel;

/** Opens the array of a command; the feature level it is written for comes first. */
function open(kind: number, items: number): void {
  writer.begin();
  writer.array(items);
  writer.number(writtenFor);
  writer.number(kind);
}

function writeId(id: string, what: string): void {
  if (!writer.hex(id, idDigits)) bad(`${what}: expected ${idDigits} lowercase hex characters`);
}

function writeCount(count: number, what: string): void {
  requireCount(readUint(count, what), what);
  writer.number(count);
}

function writeRevision(revision: number): void {
  writeCount(readUint(revision, "revision", limits.firstRevision), "revision");
}

function writeAttach({ session, secret, attach, ttlMs }: AttachCommand): void {
  open(tag.attach, 6);
  writeId(session, "session");
  requireSecret(readBytes(secret, "secret", secretBytes));
  writer.bytes(secret);
  writeCount(attach, "attach");
  if (ttlMs === null) writer.null();
  else writer.number(readUint(ttlMs, "ttl"));
}

function writeRequest({ session, attach, seq, ack, operation, identities }: RequestCommand): void {
  open(tag.request, identities === undefined ? 7 : 8);
  writeId(session, "session");
  writeCount(attach, "attach");
  writeCount(seq, "seq");
  requireAckBelow(readUint(ack, "ack"), seq);
  writer.number(ack);
  checkShape(operation);
  writeOperation(writer, operation);
  if (identities !== undefined) writeIdentities(writer, identities);
}

function writeExpire({ leases }: ExpireCommand): void {
  open(tag.expire, 3);
  readArray(leases, "leases", 0, maxLeases);
  writer.array(leases.length);
  for (const lease of leases) writeId(lease, "lease");
}

function writeBeginHistory({ revision }: BeginHistoryCommand): void {
  open(tag.beginHistory, 3);
  writeRevision(revision);
}

function writeReap({ seen, paths }: ReapCommand): void {
  open(tag.reap, 4);
  writer.number(readUint(seen, "seen"));
  readArray(paths, "paths", 0, maxPaths);
  writer.array(paths.length);
  for (const path of paths) writer.text(readString(path, "path", operationBounds.text));
}

function writeBeginRestored({ revision, graceMs }: BeginRestoredCommand): void {
  open(tag.beginRestored, 4);
  writeRevision(revision);
  writer.number(readUint(graceMs, "grace"));
}

function writeSetFeatureLevel({ level }: SetFeatureLevelCommand): void {
  open(tag.setFeatureLevel, 3);
  writeCount(level, "level");
}

/** Checks as it writes: a caller without types may hand over anything. */
function write(command: KvCommand): void {
  switch (command.type) {
    case "attach":
      writeAttach(command);
      return;
    case "request":
      writeRequest(command);
      return;
    case "expire":
      writeExpire(command);
      return;
    case "begin-history":
      writeBeginHistory(command);
      return;
    case "reap":
      writeReap(command);
      return;
    case "begin-restored":
      writeBeginRestored(command);
      return;
    case "end-grace":
      open(tag.endGrace, 2);
      return;
    case "set-feature-level":
      writeSetFeatureLevel(command);
      return;
    default:
      bad("command: unknown kind");
  }
}

/**
 * The command as it stands in the log. What it returns is certain to decode; it shares its memory with other
 * commands: copy it to keep it.
 * @param level the feature level that the cluster has agreed on. Default: that of a new cluster
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for a command of the wrong shape, `ERR_FLOTILLA_UNSUPPORTED` for one
 *   that came with a higher level
 */
export function encodeCommand(command: KvCommand, level: number = oldestLevel): Uint8Array {
  writtenFor = level;
  try {
    write(command);
    requireAgreed(command.type, level);
    return writer.finish();
  } catch (cause) {
    if (FlotillaError.is(cause, "ERR_FLOTILLA_UNSUPPORTED")) throw cause;
    const reason = cause instanceof Error ? cause.message : "wrong shape";
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `not a command: ${reason}`, { cause });
  }
}

function readCount(reader: CborReader, what: string, most?: number): number {
  const count = reader.uint(what, most);
  requireCount(count, what);
  return count;
}

function readAttach(reader: CborReader): AttachCommand {
  const session = reader.hex("session", idDigits);
  const secret = reader.bytes("secret", secretBytes);
  requireSecret(secret);
  const attach = readCount(reader, "attach");
  return { type: "attach", session, secret, attach, ttlMs: reader.takeNull() ? null : reader.uint("ttl") };
}

function readRequest(reader: CborReader, items: number): RequestCommand {
  if (items !== 7) expectItems("request", items, 8);
  const session = reader.hex("session", idDigits);
  const attach = readCount(reader, "attach");
  const seq = readCount(reader, "seq");
  const ack = reader.uint("ack");
  requireAckBelow(ack, seq);
  const operation = readOperation(reader);
  if (items === 7) return { type: "request", session, attach, seq, ack, operation };
  // Spread into another object, the first would be copied property by property.
  const identities = readIdentities(reader);
  return { type: "request", session, attach, seq, ack, operation, identities };
}

function readLease(reader: CborReader): string {
  return reader.hex("lease", idDigits);
}

function readPath(reader: CborReader): string {
  return reader.text("path", operationBounds.text);
}

function readLevel(reader: CborReader, newest: number): void {
  const level = reader.uint("feature level");
  if (level < oldestLevel) bad("command: no feature level");
  requireKnown("a command", level, newest);
}

function readSetFeatureLevel(reader: CborReader, newest: number): SetFeatureLevelCommand {
  const level = readCount(reader, "level");
  requireKnown("the cluster", level, newest);
  return { type: "set-feature-level", level };
}

function readCommand(reader: CborReader, newest: number): KvCommand {
  const items = reader.array("command", 2, 8);
  readLevel(reader, newest);
  switch (reader.uint("command tag")) {
    case tag.attach:
      expectItems("attach", items, 6);
      return readAttach(reader);
    case tag.request:
      return readRequest(reader, items);
    case tag.expire:
      expectItems("expire", items, 3);
      return { type: "expire", leases: reader.list("leases", maxLeases, readLease) };
    case tag.beginHistory:
      expectItems("begin-history", items, 3);
      return { type: "begin-history", revision: readCount(reader, "revision", limits.firstRevision) };
    case tag.reap:
      expectItems("reap", items, 4);
      return { type: "reap", seen: reader.uint("seen"), paths: reader.list("paths", maxPaths, readPath) };
    case tag.beginRestored:
      expectItems("begin-restored", items, 4);
      return {
        type: "begin-restored",
        revision: readCount(reader, "revision", limits.firstRevision),
        graceMs: reader.uint("grace"),
      };
    case tag.endGrace:
      expectItems("end-grace", items, 2);
      return { type: "end-grace" };
    case tag.setFeatureLevel:
      expectItems("set-feature-level", items, 3);
      return readSetFeatureLevel(reader, newest);
    default:
      return bad("command: unknown kind");
  }
}

/**
 * Reads a command and checks its whole shape. Values alias `bytes`.
 * @param newest the highest feature level to know. Default: that of this version
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_UNSUPPORTED` for a higher level
 */
export function decodeCommand(bytes: Uint8Array, newest: number = newestLevel): KvCommand {
  const reader = new CborReader(bytes);
  const command = readCommand(reader, newest);
  reader.end("command");
  return command;
}
