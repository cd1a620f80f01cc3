import { expectItems, FlotillaError } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { idDigits } from "./ids.ts";
import type { CheckOp, Conditions, CreateOp, DeleteOp, MultiOp, Operation, SetOp, TreeOp } from "./types.ts";

/** Numbers in the log: never reuse one. */
const tag = {
  create: 0,
  set: 1,
  put: 2,
  delete: 3,
  check: 4,
  multi: 5,
  grant: 6,
  revoke: 7,
  close: 8,
  deleteAll: 9,
} as const;
const sequentialFlag = 1;
const guardedFlag = 2;
const containerFlag = 4;
/** The ttl follows. */
const ttlFlag = 8;
const allFlags = 15;

/** Wider than any limit: what is too large is a result, what does not even fit here is no operation. */
export const operationBounds = { text: 65_536, bytes: 67_108_864, ops: 65_536 } as const;

/** A caller without types may say null for what is absent. */
type Optional<T> = T | null | undefined;

function isGiven(value: Optional<number>): value is number {
  return value !== undefined && value !== null;
}

function writeOptional(writer: CborWriter, value: Optional<number | boolean>): void {
  if (value === undefined || value === null) writer.null();
  else if (typeof value === "number") writer.number(value);
  else writer.boolean(value);
}

function writeConditions(writer: CborWriter, conditions: Conditions): void {
  writeOptional(writer, conditions.version);
  writeOptional(writer, conditions.mzxid);
}

function writeCreate(writer: CborWriter, op: CreateOp): void {
  const hasTtl = isGiven(op.ttlMs);
  writer.array(hasTtl ? 6 : 5);
  writer.number(tag.create);
  writer.text(op.path);
  writer.bytes(op.value);
  if (op.lease === null) writer.null();
  else writer.text(op.lease);
  const flags = (op.sequential ? sequentialFlag : 0) | (op.guarded ? guardedFlag : 0);
  writer.number(flags | (op.container === true ? containerFlag : 0) | (hasTtl ? ttlFlag : 0));
  if (isGiven(op.ttlMs)) writer.number(op.ttlMs);
}

function writeSet(writer: CborWriter, op: SetOp): void {
  writer.array(5);
  writer.number(tag[op.type]);
  writer.text(op.path);
  writer.bytes(op.value);
  writeConditions(writer, op.if);
}

function writeDelete(writer: CborWriter, op: DeleteOp): void {
  writer.array(5);
  writer.number(op.recursive === true ? tag.deleteAll : tag.delete);
  writer.text(op.path);
  writeConditions(writer, op.if);
  writer.boolean(op.force);
}

function writeCheck(writer: CborWriter, op: CheckOp): void {
  writer.array(5);
  writer.number(tag.check);
  writer.text(op.path);
  writeConditions(writer, op.if);
  writeOptional(writer, op.if.exists);
}

/** Writes an operation of the right shape as a positional array. {@link readOperation} is its inverse. */
export function writeOperation(writer: CborWriter, op: Operation): void {
  switch (op.type) {
    case "create":
      writeCreate(writer, op);
      return;
    case "set":
    case "put":
      writeSet(writer, op);
      return;
    case "delete":
      writeDelete(writer, op);
      return;
    case "check":
      writeCheck(writer, op);
      return;
    case "multi":
      writer.array(2);
      writer.number(tag.multi);
      writer.array(op.ops.length);
      for (const inner of op.ops) writeOperation(writer, inner);
      return;
    case "grant":
      writer.array(3);
      writer.number(tag.grant);
      writer.text(op.lease);
      writer.number(op.ttlMs);
      return;
    case "revoke":
      writer.array(2);
      writer.number(tag.revoke);
      writer.text(op.lease);
      return;
    default:
      writer.array(1);
      writer.number(tag.close);
  }
}

function readOptional(reader: CborReader, what: string): number | undefined {
  return reader.takeNothing() ? undefined : reader.uint(what);
}

function readConditions(reader: CborReader): { version?: number; mzxid?: number; exists?: boolean } {
  const conditions: { version?: number; mzxid?: number; exists?: boolean } = {};
  const version = readOptional(reader, "version");
  if (version !== undefined) conditions.version = version;
  const mzxid = readOptional(reader, "mzxid");
  if (mzxid !== undefined) conditions.mzxid = mzxid;
  return conditions;
}

function readPath(reader: CborReader): string {
  return reader.text("path", operationBounds.text);
}

function readValue(reader: CborReader): Uint8Array {
  return reader.bytes("value", operationBounds.bytes);
}

function readCreate(reader: CborReader, items: number): CreateOp {
  const path = readPath(reader);
  const value = readValue(reader);
  const lease = reader.takeNull() ? null : reader.hex("lease", idDigits);
  const flags = reader.uint("flags", allFlags);
  const hasTtl = (flags & ttlFlag) !== 0;
  expectItems("create", items, hasTtl ? 6 : 5);
  const sequential = (flags & sequentialFlag) !== 0;
  const guarded = (flags & guardedFlag) !== 0;
  const op: CreateOp = { type: "create", path, value, lease, sequential, guarded };
  if (flags < containerFlag) return op;
  const container = (flags & containerFlag) === 0 ? {} : { container: true };
  return { ...op, ...container, ...(hasTtl ? { ttlMs: reader.uint("ttl") } : {}) };
}

function readSet(type: "set" | "put", reader: CborReader): SetOp {
  return { type, path: readPath(reader), value: readValue(reader), if: readConditions(reader) };
}

function readDelete(reader: CborReader): DeleteOp {
  return {
    type: "delete",
    path: readPath(reader),
    if: readConditions(reader),
    force: reader.boolean("force"),
  };
}

function readCheck(reader: CborReader): CheckOp {
  const path = readPath(reader);
  const conditions = readConditions(reader);
  if (!reader.takeNothing()) conditions.exists = reader.boolean("exists");
  return { type: "check", path, if: conditions };
}

function unknown(): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "unknown operation");
}

function readTreeFields(reader: CborReader, kind: number, items: number): TreeOp {
  if (kind > tag.check && kind !== tag.deleteAll) unknown();
  if (kind === tag.create) return readCreate(reader, items);
  expectItems("operation", items, 5);
  switch (kind) {
    case tag.set:
      return readSet("set", reader);
    case tag.put:
      return readSet("put", reader);
    case tag.delete:
      return readDelete(reader);
    case tag.deleteAll:
      return { ...readDelete(reader), recursive: true };
    default:
      return readCheck(reader);
  }
}

function readTreeOp(reader: CborReader): TreeOp {
  const items = reader.array("operation", 1, 8);
  return readTreeFields(reader, reader.uint("operation tag"), items);
}

function readMulti(reader: CborReader): MultiOp {
  return { type: "multi", ops: reader.list("ops", operationBounds.ops, readTreeOp) };
}

/**
 * Reads an operation and checks its shape; `validateOperation` judges its limits. Values alias the frame.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readOperation(reader: CborReader): Operation {
  const items = reader.array("operation", 1, 8);
  const kind = reader.uint("operation tag");
  switch (kind) {
    case tag.multi:
      expectItems("multi", items, 2);
      return readMulti(reader);
    case tag.grant:
      expectItems("grant", items, 3);
      return { type: "grant", lease: reader.hex("lease", idDigits), ttlMs: reader.uint("ttl") };
    case tag.revoke:
      expectItems("revoke", items, 2);
      return { type: "revoke", lease: reader.hex("lease", idDigits) };
    case tag.close:
      expectItems("close", items, 1);
      return { type: "close" };
    default:
      return readTreeFields(reader, kind, items);
  }
}
