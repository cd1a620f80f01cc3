import {
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readInt,
  readOptionalBoolean,
  readOptionalUint,
  readString,
  readUint,
} from "@flotilla/runtime";
import { checkAclShape } from "./acl-codec.ts";
import { checkBudgetShape } from "./budget-codec.ts";
import { readId } from "./ids.ts";
import { isGiven, isRare } from "./conditions-codec.ts";
import { operationBounds } from "./operation-bounds.ts";
import type { Conditions, MultiOp, Operation, TreeOp } from "./types.ts";

function checkConditions(conditions: Conditions): void {
  readOptionalUint(conditions.version, "version");
  readOptionalUint(conditions.mzxid, "mzxid");
  if (!isRare(conditions)) return;
  if (isGiven(conditions.value)) checkValue(conditions.value);
  if (isGiven(conditions.owner)) readId(conditions.owner, "owner");
  readOptionalUint(conditions.children, "children");
}

function checkPath(path: string): void {
  readString(path, "path", operationBounds.text);
}

function checkValue(value: Uint8Array): void {
  readBytes(value, "value", operationBounds.bytes);
}

function unknown(): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "unknown operation");
}

function checkTreeShape(op: TreeOp): void {
  switch (op.type) {
    case "create":
      checkPath(op.path);
      checkValue(op.value);
      if (op.lease !== null) readId(op.lease, "lease");
      readOptionalBoolean(op.container, "container");
      readOptionalUint(op.ttlMs, "ttl");
      if (isGiven(op.acl)) checkAclShape(op.acl);
      return;
    case "set":
    case "put":
      checkPath(op.path);
      checkValue(op.value);
      checkConditions(op.if);
      return;
    case "add":
      checkPath(op.path);
      readInt(op.by, "by");
      checkConditions(op.if);
      return;
    case "delete":
      checkPath(op.path);
      checkConditions(op.if);
      readBoolean(op.force, "force");
      readOptionalBoolean(op.recursive, "recursive");
      return;
    case "check":
      checkPath(op.path);
      checkConditions(op.if);
      readOptionalBoolean(op.if.exists, "exists");
      return;
    default:
      unknown();
  }
}

function checkMulti(multi: MultiOp): void {
  const { ops, if: conditions, else: others } = multi;
  for (const [what, list] of Object.entries({ ops, if: conditions, else: others })) {
    if (what !== "ops" && !isGiven(list)) continue;
    readArray(list, what, 0, operationBounds.ops);
    for (const inner of list ?? []) checkTreeShape(inner);
  }
  const given: readonly TreeOp[] = conditions ?? [];
  if (given.some(({ type }) => type !== "check")) unknown();
}

/**
 * Refuses what is no operation: a caller without types may hand over anything. What passes, the codec can write and
 * read again. `validateOperation` judges the limits.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, TypeError
 */
export function checkShape(op: Operation): void {
  switch (op.type) {
    case "multi":
      checkMulti(op);
      return;
    case "set-acl":
      checkPath(op.path);
      checkAclShape(op.acl);
      readOptionalUint(op.aversion, "aversion");
      return;
    case "set-budget":
      checkPath(op.path);
      if (op.budget !== null) checkBudgetShape(op.budget);
      return;
    case "grant":
      readId(op.lease, "lease");
      readUint(op.ttlMs, "ttl");
      return;
    case "revoke":
    case "doom":
      readId(op.lease, "lease");
      return;
    case "close":
      return;
    default:
      checkTreeShape(op);
  }
}
