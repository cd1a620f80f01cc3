import {
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readOptionalBoolean,
  readOptionalUint,
  readString,
  readUint,
} from "@flotilla/runtime";
import { readId } from "./ids.ts";
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
} as const;
const sequentialFlag = 1;
const guardedFlag = 2;
/** Wider than any limit: what is too large is a result, what does not even fit here is no operation. */
const maxText = 65_536;
const maxBytes = 67_108_864;
const maxOps = 65_536;

function packConditions(conditions: Conditions): [number | null, number | null] {
  return [conditions.version ?? null, conditions.mzxid ?? null];
}

/** The operation as a positional array, for a frame of CBOR. {@link unpackOperation} is its inverse. */
export function packOperation(op: Operation): readonly unknown[] {
  switch (op.type) {
    case "create": {
      const flags = (op.sequential ? sequentialFlag : 0) | (op.guarded ? guardedFlag : 0);
      return [tag.create, op.path, op.value, op.lease, flags];
    }
    case "set":
    case "put":
      return [tag[op.type], op.path, op.value, ...packConditions(op.if)];
    case "delete":
      return [tag.delete, op.path, ...packConditions(op.if), op.force];
    case "check":
      return [tag.check, op.path, ...packConditions(op.if), op.if.exists ?? null];
    case "multi":
      return [tag.multi, op.ops.map(packOperation)];
    case "grant":
      return [tag.grant, op.lease, op.ttlMs];
    case "revoke":
      return [tag.revoke, op.lease];
    default:
      return [tag[op.type]];
  }
}

function unpackConditions(version: unknown, mzxid: unknown, exists: unknown): Conditions {
  const conditions: { version?: number; mzxid?: number; exists?: boolean } = {};
  const wantedVersion = readOptionalUint(version, "version");
  const wantedMzxid = readOptionalUint(mzxid, "mzxid");
  const wantedExists = readOptionalBoolean(exists, "exists");
  if (wantedVersion !== undefined) conditions.version = wantedVersion;
  if (wantedMzxid !== undefined) conditions.mzxid = wantedMzxid;
  if (wantedExists !== undefined) conditions.exists = wantedExists;
  return conditions;
}

function unpackCreate(fields: readonly unknown[]): CreateOp {
  readArray(fields, "create", 5, 5);
  const flags = readUint(fields[4], "flags", sequentialFlag | guardedFlag);
  return {
    type: "create",
    path: readString(fields[1], "path", maxText),
    value: readBytes(fields[2], "value", maxBytes),
    lease: fields[3] === null ? null : readId(fields[3], "lease"),
    sequential: (flags & sequentialFlag) !== 0,
    guarded: (flags & guardedFlag) !== 0,
  };
}

function unpackSet(type: "set" | "put", fields: readonly unknown[]): SetOp {
  readArray(fields, type, 5, 5);
  return {
    type,
    path: readString(fields[1], "path", maxText),
    value: readBytes(fields[2], "value", maxBytes),
    if: unpackConditions(fields[3], fields[4], null),
  };
}

function unpackDelete(fields: readonly unknown[]): DeleteOp {
  readArray(fields, "delete", 5, 5);
  return {
    type: "delete",
    path: readString(fields[1], "path", maxText),
    if: unpackConditions(fields[2], fields[3], null),
    force: readBoolean(fields[4], "force"),
  };
}

function unpackCheck(fields: readonly unknown[]): CheckOp {
  readArray(fields, "check", 5, 5);
  return {
    type: "check",
    path: readString(fields[1], "path", maxText),
    if: unpackConditions(fields[2], fields[3], fields[4]),
  };
}

function unknown(): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "unknown operation");
}

function unpackTreeOp(value: unknown): TreeOp {
  const fields = readArray(value, "operation", 1, 8);
  switch (fields[0]) {
    case tag.create:
      return unpackCreate(fields);
    case tag.set:
      return unpackSet("set", fields);
    case tag.put:
      return unpackSet("put", fields);
    case tag.delete:
      return unpackDelete(fields);
    case tag.check:
      return unpackCheck(fields);
    default:
      return unknown();
  }
}

function unpackMulti(fields: readonly unknown[]): MultiOp {
  readArray(fields, "multi", 2, 2);
  const ops: TreeOp[] = [];
  for (const item of readArray(fields[1], "ops", 0, maxOps)) ops.push(unpackTreeOp(item));
  return { type: "multi", ops };
}

/**
 * Reads an operation out of decoded CBOR and checks its shape; `validateOperation` judges its limits. Values alias
 * the frame.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function unpackOperation(value: unknown): Operation {
  const fields = readArray(value, "operation", 1, 8);
  switch (fields[0]) {
    case tag.multi:
      return unpackMulti(fields);
    case tag.grant:
      readArray(fields, "grant", 3, 3);
      return { type: "grant", lease: readId(fields[1], "lease"), ttlMs: readUint(fields[2], "ttl") };
    case tag.revoke:
      readArray(fields, "revoke", 2, 2);
      return { type: "revoke", lease: readId(fields[1], "lease") };
    case tag.close:
      readArray(fields, "close", 1, 1);
      return { type: "close" };
    default:
      return unpackTreeOp(fields);
  }
}
