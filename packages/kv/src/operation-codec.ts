import { expectItems, FlotillaError } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { readAcl, writeAcl } from "./acl-codec.ts";
import { readBudget, writeBudget } from "./budget-codec.ts";
import type { SetBudgetOp } from "./budget.ts";
import {
  isGiven,
  isRare,
  readConditions,
  readRare,
  writeConditions,
  writeOptional,
  writeRare,
} from "./conditions-codec.ts";
import { idDigits } from "./ids.ts";
import { operationBounds } from "./operation-bounds.ts";
import type {
  AddOp,
  CheckOp,
  Conditions,
  CreateOp,
  DeleteOp,
  MultiOp,
  Operation,
  SetAclOp,
  SetOp,
  TreeOp,
} from "./types.ts";

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
  branching: 10,
  doom: 11,
  setAcl: 12,
  setBudget: 13,
  add: 14,
} as const;
const sequentialFlag = 1;
const guardedFlag = 2;
const containerFlag = 4;
/** The ttl follows. */
const ttlFlag = 8;
/** The access list follows. */
const aclFlag = 16;
const allFlags = 31;

/** An operation whose conditions ask for more than most has one item more. */
function open(writer: CborWriter, kind: number, conditions: Conditions): void {
  writer.array(isRare(conditions) ? 6 : 5);
  writer.number(kind);
}

function close(writer: CborWriter, conditions: Conditions): void {
  if (isRare(conditions)) writeRare(writer, conditions);
}

function writeCreate(writer: CborWriter, op: CreateOp): void {
  const hasTtl = isGiven(op.ttlMs);
  const hasAcl = isGiven(op.acl);
  writer.array(5 + (hasTtl ? 1 : 0) + (hasAcl ? 1 : 0));
  writer.number(tag.create);
  writer.text(op.path);
  writer.bytes(op.value);
  if (op.lease === null) writer.null();
  else writer.text(op.lease);
  const flags = (op.sequential ? sequentialFlag : 0) | (op.guarded ? guardedFlag : 0);
  const kind = (op.container === true ? containerFlag : 0) | (hasTtl ? ttlFlag : 0);
  writer.number(flags | kind | (hasAcl ? aclFlag : 0));
  if (isGiven(op.ttlMs)) writer.number(op.ttlMs);
  if (isGiven(op.acl)) writeAcl(writer, op.acl);
}

function writeSet(writer: CborWriter, op: SetOp): void {
  open(writer, tag[op.type], op.if);
  writer.text(op.path);
  writer.bytes(op.value);
  writeConditions(writer, op.if);
  close(writer, op.if);
}

function writeAdd(writer: CborWriter, op: AddOp): void {
  open(writer, tag.add, op.if);
  writer.text(op.path);
  writer.number(op.by);
  writeConditions(writer, op.if);
  close(writer, op.if);
}

function writeDelete(writer: CborWriter, op: DeleteOp): void {
  open(writer, op.recursive === true ? tag.deleteAll : tag.delete, op.if);
  writer.text(op.path);
  writeConditions(writer, op.if);
  writer.boolean(op.force);
  close(writer, op.if);
}

function writeCheck(writer: CborWriter, op: CheckOp): void {
  open(writer, tag.check, op.if);
  writer.text(op.path);
  writeConditions(writer, op.if);
  writeOptional(writer, op.if.exists);
  close(writer, op.if);
}

function writeOps(writer: CborWriter, ops: readonly TreeOp[]): void {
  writer.array(ops.length);
  for (const inner of ops) writeOperation(writer, inner);
}

function writeMulti(writer: CborWriter, op: MultiOp): void {
  const conditions = isGiven(op.if) ? op.if : null;
  writer.array(conditions === null ? 2 : 4);
  writer.number(conditions === null ? tag.multi : tag.branching);
  if (conditions !== null) writeOps(writer, conditions);
  writeOps(writer, op.ops);
  if (conditions === null) return;
  if (isGiven(op.else)) writeOps(writer, op.else);
  else writer.null();
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
    case "add":
      writeAdd(writer, op);
      return;
    case "delete":
      writeDelete(writer, op);
      return;
    case "check":
      writeCheck(writer, op);
      return;
    case "multi":
      writeMulti(writer, op);
      return;
    case "set-acl":
      writer.array(4);
      writer.number(tag.setAcl);
      writer.text(op.path);
      writeAcl(writer, op.acl);
      writeOptional(writer, op.aversion);
      return;
    case "set-budget":
      writer.array(3);
      writer.number(tag.setBudget);
      writer.text(op.path);
      if (op.budget === null) writer.null();
      else writeBudget(writer, op.budget);
      return;
    case "grant":
      writer.array(3);
      writer.number(tag.grant);
      writer.text(op.lease);
      writer.number(op.ttlMs);
      return;
    case "revoke":
    case "doom":
      writer.array(2);
      writer.number(tag[op.type]);
      writer.text(op.lease);
      return;
    default:
      writer.array(1);
      writer.number(tag.close);
  }
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
  const hasAcl = (flags & aclFlag) !== 0;
  expectItems("create", items, 5 + (hasTtl ? 1 : 0) + (hasAcl ? 1 : 0));
  const sequential = (flags & sequentialFlag) !== 0;
  const guarded = (flags & guardedFlag) !== 0;
  const op: CreateOp = { type: "create", path, value, lease, sequential, guarded };
  if (flags < containerFlag) return op;
  const container = (flags & containerFlag) === 0 ? {} : { container: true };
  const ttl = hasTtl ? { ttlMs: reader.uint("ttl") } : {};
  return { ...op, ...container, ...ttl, ...(hasAcl ? { acl: readAcl(reader) } : {}) };
}

function readSet(type: "set" | "put", reader: CborReader): SetOp {
  return { type, path: readPath(reader), value: readValue(reader), if: readConditions(reader) };
}

function readAdd(reader: CborReader): AddOp {
  return { type: "add", path: readPath(reader), by: reader.int("by"), if: readConditions(reader) };
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

function readSetAcl(reader: CborReader): SetAclOp {
  const op: SetAclOp = { type: "set-acl", path: readPath(reader), acl: readAcl(reader) };
  return reader.takeNothing() ? op : { ...op, aversion: reader.uint("aversion") };
}

function readSetBudget(reader: CborReader): SetBudgetOp {
  const path = readPath(reader);
  return { type: "set-budget", path, budget: reader.takeNull() ? null : readBudget(reader) };
}

function unknown(): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "unknown operation");
}

function readTreeFields(reader: CborReader, kind: number, items: number): TreeOp {
  if (kind > tag.check && kind !== tag.deleteAll && kind !== tag.add) unknown();
  if (kind === tag.create) return readCreate(reader, items);
  const isPlain = items === 5;
  if (!isPlain) expectItems("operation", items, 6);
  const op = readConditional(reader, kind);
  return isPlain ? op : { ...op, if: { ...op.if, ...readRare(reader) } };
}

function readConditional(reader: CborReader, kind: number): SetOp | AddOp | DeleteOp | CheckOp {
  switch (kind) {
    case tag.set:
      return readSet("set", reader);
    case tag.put:
      return readSet("put", reader);
    case tag.add:
      return readAdd(reader);
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

function readOps(reader: CborReader): readonly TreeOp[] {
  return reader.list("ops", operationBounds.ops, readTreeOp);
}

function readCheckOp(reader: CborReader): CheckOp {
  const op = readTreeOp(reader);
  return op.type === "check" ? op : unknown();
}

function readBranching(reader: CborReader): MultiOp {
  const conditions = reader.list("conditions", operationBounds.ops, readCheckOp);
  const multi: MultiOp = { type: "multi", if: conditions, ops: readOps(reader) };
  return reader.takeNull() ? multi : { ...multi, else: readOps(reader) };
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
      return { type: "multi", ops: readOps(reader) };
    case tag.branching:
      expectItems("multi", items, 4);
      return readBranching(reader);
    case tag.grant:
      expectItems("grant", items, 3);
      return { type: "grant", lease: reader.hex("lease", idDigits), ttlMs: reader.uint("ttl") };
    case tag.revoke:
      expectItems("revoke", items, 2);
      return { type: "revoke", lease: reader.hex("lease", idDigits) };
    case tag.doom:
      expectItems("doom", items, 2);
      return { type: "doom", lease: reader.hex("lease", idDigits) };
    case tag.setAcl:
      expectItems("set-acl", items, 4);
      return readSetAcl(reader);
    case tag.setBudget:
      expectItems("set-budget", items, 3);
      return readSetBudget(reader);
    case tag.close:
      expectItems("close", items, 1);
      return { type: "close" };
    default:
      return readTreeFields(reader, kind, items);
  }
}
