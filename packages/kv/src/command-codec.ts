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
import { idDigits } from "./ids.ts";
import { operationBounds } from "./operation-bounds.ts";
import { readOperation, writeOperation } from "./operation-codec.ts";
import { checkShape } from "./operation-shape.ts";
import type {
  AttachCommand,
  BeginHistoryCommand,
  ExpireCommand,
  KvCommand,
  ReapCommand,
  RequestCommand,
} from "./types.ts";

/** Raised when the meaning of a command's bytes changes. */
const commandFormat = 1;
const tag = { attach: 0, request: 1, expire: 2, beginHistory: 3, reap: 4 } as const;
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

function open(kind: number, items: number): void {
  writer.begin();
  writer.array(items);
  writer.number(commandFormat);
  writer.number(kind);
}

function writeId(id: string, what: string): void {
  if (!writer.hex(id, idDigits)) bad(`${what}: expected ${idDigits} lowercase hex characters`);
}

function writeCount(count: number, what: string): void {
  requireCount(readUint(count, what), what);
  writer.number(count);
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

function writeRequest({ session, attach, seq, ack, operation }: RequestCommand): void {
  open(tag.request, 7);
  writeId(session, "session");
  writeCount(attach, "attach");
  writeCount(seq, "seq");
  requireAckBelow(readUint(ack, "ack"), seq);
  writer.number(ack);
  checkShape(operation);
  writeOperation(writer, operation);
}

function writeExpire({ leases }: ExpireCommand): void {
  open(tag.expire, 3);
  readArray(leases, "leases", 0, maxLeases);
  writer.array(leases.length);
  for (const lease of leases) writeId(lease, "lease");
}

function writeBeginHistory({ revision }: BeginHistoryCommand): void {
  open(tag.beginHistory, 3);
  writeCount(revision, "revision");
}

function writeReap({ seen, paths }: ReapCommand): void {
  open(tag.reap, 4);
  writer.number(readUint(seen, "seen"));
  readArray(paths, "paths", 0, maxPaths);
  writer.array(paths.length);
  for (const path of paths) writer.text(readString(path, "path", operationBounds.text));
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
    default:
      bad("command: unknown kind");
  }
}

/**
 * The command as it stands in the log. What it returns is certain to decode; it shares its memory with other
 * commands: copy it to keep it.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for a command of the wrong shape
 */
export function encodeCommand(command: KvCommand): Uint8Array {
  try {
    write(command);
    return writer.finish();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "wrong shape";
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `not a command: ${reason}`, { cause });
  }
}

function readCount(reader: CborReader, what: string): number {
  const count = reader.uint(what);
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

function readRequest(reader: CborReader): RequestCommand {
  const session = reader.hex("session", idDigits);
  const attach = readCount(reader, "attach");
  const seq = readCount(reader, "seq");
  const ack = reader.uint("ack");
  requireAckBelow(ack, seq);
  return { type: "request", session, attach, seq, ack, operation: readOperation(reader) };
}

function readLease(reader: CborReader): string {
  return reader.hex("lease", idDigits);
}

function readPath(reader: CborReader): string {
  return reader.text("path", operationBounds.text);
}

function readCommand(reader: CborReader): KvCommand {
  const items = reader.array("command", 2, 8);
  if (reader.uint("format") !== commandFormat) bad("command: unknown format version");
  switch (reader.uint("command tag")) {
    case tag.attach:
      expectItems("attach", items, 6);
      return readAttach(reader);
    case tag.request:
      expectItems("request", items, 7);
      return readRequest(reader);
    case tag.expire:
      expectItems("expire", items, 3);
      return { type: "expire", leases: reader.list("leases", maxLeases, readLease) };
    case tag.beginHistory:
      expectItems("begin-history", items, 3);
      return { type: "begin-history", revision: readCount(reader, "revision") };
    case tag.reap:
      expectItems("reap", items, 4);
      return { type: "reap", seen: reader.uint("seen"), paths: reader.list("paths", maxPaths, readPath) };
    default:
      return bad("command: unknown kind");
  }
}

/**
 * Reads a command and checks its whole shape. Values alias `bytes`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeCommand(bytes: Uint8Array): KvCommand {
  const reader = new CborReader(bytes);
  const command = readCommand(reader);
  reader.end("command");
  return command;
}
