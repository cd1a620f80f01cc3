import type {
  Acl,
  AddOp,
  Budget,
  CheckOp,
  Conditions,
  CreateOp,
  DeleteOp,
  LeaseId,
  MultiOp,
  Operation,
  SetAclOp,
  SetBudgetOp,
  SetOp,
  TreeOp,
} from "@flotilla/kv";
import { limits, validateOperation } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { badArgument, requireNames } from "./bad-argument.ts";
import type {
  CheckItem,
  CreateOptions,
  DeleteOptions,
  Fence,
  MultiItem,
  MultiOptions,
  NodeConditions,
  SetAclOptions,
  SetOptions,
  Value,
} from "./api.ts";
import { requireOptions } from "./call.ts";
import { bytes } from "./values.ts";
import { isNull, isObject } from "../given.ts";
import { copyOfAcl, copyOfBudget } from "../plain-copies.ts";
import { ValueCopies } from "../value-copies.ts";

/** Largest request, bytes as it counts in the window: leaves room in the log for what the servers add. */
const maxRequestBytes: number = 2_000_000;

const overheadBytes = 192;

/** A copy, since the request may be sent again after the caller changed its buffer. */
function valueOf(value: Value, copies: ValueCopies): Uint8Array {
  const own = bytes(value);
  if (own.length > limits.valueBytes) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `a value has ${own.length} bytes; the limit is ${limits.valueBytes}`,
    );
  }
  return typeof value === "string" ? own : copies.copy(own);
}

/** What a call may ask of the node it is about. */
interface Asked {
  readonly exists?: boolean;
  readonly version?: number;
  readonly mzxid?: number;
  readonly if?: NodeConditions;
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for null, which would count as no condition at all */
function conditions({ exists, version, mzxid, if: more }: Asked, copies: ValueCopies): Conditions {
  if (isNull(version) || isNull(mzxid) || isNull(exists)) {
    throw badArgument("version, mzxid and exists: expected a value, or leave them out");
  }
  return {
    ...(exists === undefined ? {} : { exists }),
    ...(version === undefined ? {} : { version }),
    ...(mzxid === undefined ? {} : { mzxid }),
    ...(more === undefined ? {} : ofNode(more, copies)),
  };
}

function ofNode(wanted: NodeConditions, copies: ValueCopies): Conditions {
  if (!isObject(wanted) || isNull(wanted.children) || isNull(wanted.value))
    throw badArgument("if: expected owner, children or value, or leave them out");
  requireNames(wanted);
  const { owner, children, value } = wanted;
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(children === undefined ? {} : { children }),
    ...(value === undefined ? {} : { value: valueOf(value, copies) }),
  };
}

function flag(value: boolean | undefined, name: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw badArgument(`${name}: expected true or false`);
}

/** Whose operations they are. */
export interface OperationContext {
  /** The session's own. */
  readonly lease: LeaseId;
  readonly copies: ValueCopies;
}

/** Of a session, which has its id for good once it is open. */
export function operationContext(owner: { readonly session: LeaseId }): OperationContext {
  return {
    get lease() {
      return owner.session;
    },
    copies: new ValueCopies(),
  };
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_LOST` for a lease that lapsed */
function leaseFor({ ephemeral, lease }: CreateOptions, own: LeaseId): LeaseId | null {
  const isOwn = flag(ephemeral, "ephemeral");
  if (lease === undefined) return isOwn ? own : null;
  if (isOwn || !isObject(lease) || typeof lease.id !== "string" || typeof lease.assert !== "function")
    throw badArgument("lease: expected what `grant` gave, without ephemeral");
  lease.assert();
  return lease.id;
}

/** The creation of a node, ephemeral ones on the session's own lease unless another is named. */
export function createOp(
  path: string,
  value: Value,
  options: CreateOptions,
  { lease, copies }: OperationContext,
): CreateOp {
  requireOptions(options);
  const { ttlMs, acl } = options;
  if (isNull(ttlMs)) throw badArgument("ttlMs: expected a number, or leave it out");
  if (isNull(acl)) throw badArgument("acl: expected a list, or leave it out");
  return {
    type: "create",
    path,
    value: valueOf(value, copies),
    lease: leaseFor(options, lease),
    sequential: flag(options.sequential, "sequential"),
    guarded: flag(options.guarded, "guarded"),
    ...(flag(options.container, "container") ? { container: true } : {}),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(acl === undefined ? {} : { acl: copyOfAcl(acl) }),
  };
}

/** The change of an access list. */
export function setAclOp(path: string, acl: Acl, options: SetAclOptions): SetAclOp {
  requireOptions(options);
  const { aversion } = options;
  if (isNull(aversion)) throw badArgument("aversion: expected a number, or leave it out");
  const own = copyOfAcl(acl);
  return { type: "set-acl", path, acl: own, ...(aversion === undefined ? {} : { aversion }) };
}

/** What may be used at and below a path. */
export function setBudgetOp(path: string, budget: Budget | null): SetBudgetOp {
  return { type: "set-budget", path, budget: budget && copyOfBudget(budget) };
}

/** A change of a node. */
export function setOp(
  type: "set" | "put",
  path: string,
  value: Value,
  options: SetOptions,
  { copies }: OperationContext,
): SetOp {
  requireOptions(options);
  return { type, path, value: valueOf(value, copies), if: conditions(options, copies) };
}

/** Minus 0, which a negation of 0 gives, is no integer to the log. */
function addition(path: string, by: number, wanted: Conditions): AddOp {
  return { type: "add", path, by: by === 0 ? 0 : by, if: wanted };
}

/** An addition to the number in a node. */
export function addOp(path: string, by: number, options: SetOptions, { copies }: OperationContext): AddOp {
  requireOptions(options);
  return addition(path, by, conditions(options, copies));
}

function deleteOf(
  path: string,
  wanted: Conditions,
  { force, recursive }: Pick<DeleteOptions, "force" | "recursive">,
): DeleteOp {
  const op: DeleteOp = { type: "delete", path, if: wanted, force: flag(force, "force") };
  return flag(recursive, "recursive") ? { ...op, recursive: true } : op;
}

/** The deletion of a node. */
export function deleteOp(path: string, options: DeleteOptions, { copies }: OperationContext): DeleteOp {
  requireOptions(options);
  return deleteOf(path, conditions(options, copies), options);
}

/** The same operation, only while a grant stands. Its own result is then the second of the multi. */
export function fenced(op: TreeOp, fence: Fence | undefined): Operation {
  if (fence === undefined) return op;
  // Without its mzxid it would only ask that somebody holds it.
  if (!isObject(fence) || typeof fence.mzxid !== "number") {
    throw badArgument("fence: expected the path and mzxid of a grant");
  }
  return {
    type: "multi",
    ops: [{ type: "check", path: fence.path, if: { mzxid: fence.mzxid } }, op],
  };
}

function treeOp(item: MultiItem, context: OperationContext): TreeOp {
  if (!isObject(item)) throw badArgument("a multi: expected items that are objects");
  requireNames(item);
  switch (item.type) {
    case "create":
      return createOp(item.path, item.value === undefined ? "" : item.value, item, context);
    case "set":
    case "put":
      return {
        type: item.type,
        path: item.path,
        value: valueOf(item.value, context.copies),
        if: conditions(item, context.copies),
      };
    case "add":
      return addition(item.path, item.by, conditions(item, context.copies));
    case "delete":
      return deleteOf(item.path, conditions(item, context.copies), item);
    case "check":
      return checkOp(item, context);
    default:
      throw badArgument("a multi: expected items of type create, set, put, add, delete or check");
  }
}

/** Several operations as one. */
export function multiOp(
  items: readonly MultiItem[],
  { if: checks, else: others }: Pick<MultiOptions, "if" | "else">,
  context: OperationContext,
): MultiOp {
  if (!Array.isArray(items) || (items.length === 0 && checks === undefined))
    throw badArgument("a multi: expected at least one item");
  const lists = [checks === undefined ? [] : checks, others === undefined ? [] : others];
  if (!lists.every((list) => Array.isArray(list))) throw badArgument("if and else: expected lists of items");
  const count = lists.reduce((sum, { length }) => sum + length, items.length);
  if (count > limits.opsPerMulti) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `a multi has ${count} items; the limit is ${limits.opsPerMulti}`,
    );
  }
  return {
    type: "multi",
    ops: items.map((item) => treeOp(item, context)),
    ...(checks === undefined ? {} : { if: checks.map((item) => condition(item, context)) }),
    ...(others === undefined ? {} : { else: others.map((item) => treeOp(item, context)) }),
  };
}

function condition(item: CheckItem, context: OperationContext): CheckOp {
  const op = treeOp(item, context);
  if (op.type !== "check") throw badArgument("if: expected items of type check");
  return op;
}

function checkOp(item: CheckItem, { copies }: OperationContext): CheckOp {
  return { type: "check", path: item.path, if: conditions(item, copies) };
}

function aclBytes(acl: Acl): number {
  return acl.reduce((sum, { id }) => sum + 16 + id.length * 3, 0);
}

function sizeOf(op: TreeOp): number {
  // Three bytes are the most that one UTF-16 code unit takes.
  const asked = "if" in op && op.if.value !== undefined ? op.if.value.length : 0;
  const listed = "acl" in op ? aclBytes(op.acl) : 0;
  return overheadBytes + op.path.length * 3 + asked + listed + ("value" in op ? op.value.length : 0);
}

/** What an operation counts in the request window: never below its encoded size, bytes. */
export function requestBytes(operation: Operation): number {
  switch (operation.type) {
    case "multi":
      return [operation.if ?? [], operation.ops, operation.else ?? []]
        .flat()
        .reduce((sum, op) => sum + sizeOf(op), overheadBytes);
    case "set-acl":
      return overheadBytes + operation.path.length * 3 + aclBytes(operation.acl);
    case "set-budget":
      return overheadBytes + operation.path.length * 3;
    case "grant":
    case "revoke":
    case "doom":
    case "close":
      return overheadBytes;
    default:
      return sizeOf(operation);
  }
}

/**
 * Refuses what no server would take, before it has a number. Returns what `requestBytes` does.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_TOO_LARGE` or `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function checkOperation(operation: Operation): number {
  validateOperation(operation);
  const size = requestBytes(operation);
  if (size > maxRequestBytes) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `the request counts ${size} bytes; the limit is ${maxRequestBytes}`,
    );
  }
  return size;
}
