import type { Conditions, CreateOp, DeleteOp, LeaseId, Operation, SetOp, TreeOp } from "@flotilla/kv";
import { limits, validateOperation } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { CreateOptions, DeleteOptions, Fence, MultiItem, SetOptions, Value } from "./api.ts";
import { bytes } from "./values.ts";

/** Largest request, bytes as it counts in the window: leaves room in the log for what the servers add. */
export const maxRequestBytes: number = 2_000_000;

const overheadBytes = 192;

function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** A copy, since the request may be sent again after the caller changed its buffer. */
function valueOf(value: Value): Uint8Array {
  const own = bytes(value);
  if (own.length > limits.valueBytes) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `a value has ${own.length} bytes; the limit is ${limits.valueBytes}`,
    );
  }
  return typeof value === "string" ? own : new Uint8Array(own);
}

function conditions(version: number | undefined, mzxid?: number, exists?: boolean): Conditions {
  return {
    ...(exists === undefined ? {} : { exists }),
    ...(version === undefined ? {} : { version }),
    ...(mzxid === undefined ? {} : { mzxid }),
  };
}

/** The creation of a node, ephemeral ones on the session's own lease. */
export function createOp(path: string, value: Value, options: CreateOptions, lease: LeaseId): CreateOp {
  return {
    type: "create",
    path,
    value: valueOf(value),
    lease: options.ephemeral === true ? lease : null,
    sequential: options.sequential ?? false,
    guarded: options.guarded ?? false,
  };
}

/** A change of a node. */
export function setOp(type: "set" | "put", path: string, value: Value, options: SetOptions): SetOp {
  return { type, path, value: valueOf(value), if: conditions(options.version) };
}

/** The deletion of a node. */
export function deleteOp(path: string, options: DeleteOptions): DeleteOp {
  return { type: "delete", path, if: conditions(options.version), force: options.force ?? false };
}

/** The same operation, only while a grant stands. Its own result is then the second of the multi. */
export function fenced(op: TreeOp, fence: Fence | undefined): Operation {
  if (fence === undefined) return op;
  return {
    type: "multi",
    ops: [{ type: "check", path: fence.path, if: conditions(undefined, fence.mzxid) }, op],
  };
}

function treeOp(item: MultiItem, lease: LeaseId): TreeOp {
  switch (item.type) {
    case "create":
      return createOp(item.path, item.value ?? "", item, lease);
    case "set":
    case "put":
      return {
        type: item.type,
        path: item.path,
        value: valueOf(item.value),
        if: conditions(item.version, item.mzxid),
      };
    case "delete":
      return {
        type: "delete",
        path: item.path,
        if: conditions(item.version, item.mzxid),
        force: item.force ?? false,
      };
    case "check":
      return { type: "check", path: item.path, if: conditions(item.version, item.mzxid, item.exists) };
    default:
      throw badArgument("a multi: expected items of type create, set, put, delete or check");
  }
}

/** Several operations as one. */
export function multiOp(items: readonly MultiItem[], lease: LeaseId): Operation {
  if (!Array.isArray(items) || items.length === 0) throw badArgument("a multi: expected at least one item");
  if (items.length > limits.opsPerMulti) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `a multi has ${items.length} items; the limit is ${limits.opsPerMulti}`,
    );
  }
  return { type: "multi", ops: items.map((item) => treeOp(item, lease)) };
}

function sizeOf(op: TreeOp): number {
  // Three bytes are the most that one UTF-16 code unit takes.
  return overheadBytes + op.path.length * 3 + ("value" in op ? op.value.length : 0);
}

/** What an operation counts in the request window: never below its encoded size, bytes. */
export function requestBytes(operation: Operation): number {
  switch (operation.type) {
    case "multi":
      return operation.ops.reduce((sum, op) => sum + sizeOf(op), overheadBytes);
    case "grant":
    case "revoke":
    case "close":
      return overheadBytes;
    default:
      return sizeOf(operation);
  }
}

/**
 * Refuses what no server would take, before it has a number.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_TOO_LARGE` or `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function checkOperation(operation: Operation): void {
  validateOperation(operation);
  const size = requestBytes(operation);
  if (size > maxRequestBytes) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `the request counts ${size} bytes; the limit is ${maxRequestBytes}`,
    );
  }
}
