import { FlotillaError } from "@flotilla/runtime";
import type { ErrorCode } from "@flotilla/runtime";
import { isAcl } from "./acl.ts";
import type { Acl } from "./acl.ts";
import { isBudget } from "./budget.ts";
import { limits } from "./limits.ts";
import { checkShape } from "./operation-shape.ts";
import { isPath } from "./paths.ts";
import type { Conditions, CreateOp, MultiOp, Operation, TreeOp } from "./types.ts";

/** Why an operation cannot take effect whatever the state; `index` says which op of its list in a multi. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly index: number | null;
}

const shortestSuffix = "0000000000";

function fault(code: ErrorCode, message: string): Fault {
  return { code, message, index: null };
}

function badArgument(message: string): Fault {
  return fault("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** Paths known to be good, because there are nodes. */
interface KnownPaths {
  get(path: string): object | undefined;
}

const noPaths: KnownPaths = new Map();

function pathFault(path: string, known: KnownPaths): Fault | null {
  return known.get(path) !== undefined || isPath(path)
    ? null
    : fault("ERR_FLOTILLA_BAD_PATH", `not a valid path: ${JSON.stringify(path.slice(0, 100))}`);
}

function valueFault(value: Uint8Array): Fault | null {
  if (value.length <= limits.valueBytes) return null;
  return fault(
    "ERR_FLOTILLA_TOO_LARGE",
    `a value has ${value.length} bytes; the limit is ${limits.valueBytes}`,
  );
}

function kindFault({ lease, sequential, guarded, container, ttlMs }: CreateOp): Fault | null {
  if (guarded && lease === null) return badArgument("only an ephemeral node can be guarded");
  if (container === true) {
    if (sequential || lease !== null || ttlMs !== undefined)
      return badArgument("a container is neither sequential nor ephemeral, and has no ttl");
  }
  if (ttlMs === undefined) return null;
  if (lease !== null) return badArgument("an ephemeral node has no ttl");
  return ttlMs >= 1 && ttlMs <= limits.maxNodeTtlMs
    ? null
    : badArgument(`the ttl of a node is between 1 and ${limits.maxNodeTtlMs} ms`);
}

function aclFault(acl: Acl): Fault | null {
  return isAcl(acl) ? null : fault("ERR_FLOTILLA_INVALID_ACL", "the access list is empty or malformed");
}

/** What ZooKeeper asks of a path before it looks at the access list. */
function isRooted(path: string): boolean {
  return path.startsWith("/") && !path.includes("\u0000");
}

function createFault(op: CreateOp, known: KnownPaths): Fault | null {
  const kind = kindFault(op);
  if (kind !== null) return kind;
  const acl = op.acl === undefined || !isRooted(op.path) ? null : aclFault(op.acl);
  if (acl !== null) return acl;
  return pathFault(op.sequential ? op.path + shortestSuffix : op.path, known) ?? valueFault(op.value);
}

function misplacedExists(conditions: Conditions): Fault | null {
  return conditions.exists === undefined ? null : badArgument("the condition `exists` belongs to `check`");
}

function checkFault(conditions: Conditions): Fault | null {
  const { exists, version, mzxid, owner, children, value } = conditions;
  const asks = [version, mzxid, owner, children, value].some((each) => each !== undefined);
  if (exists === undefined && !asks) return badArgument("a check needs a condition");
  if (exists === false && asks) return badArgument("of a node that must not exist nothing else is asked");
  return conditionsFault(conditions);
}

function conditionsFault({ value }: Conditions): Fault | null {
  return value === undefined ? null : valueFault(value);
}

function treeFault(op: TreeOp, known: KnownPaths): Fault | null {
  switch (op.type) {
    case "create":
      return createFault(op, known);
    case "set":
    case "put":
      return (
        misplacedExists(op.if) ?? pathFault(op.path, known) ?? valueFault(op.value) ?? conditionsFault(op.if)
      );
    case "add":
      return misplacedExists(op.if) ?? pathFault(op.path, known) ?? conditionsFault(op.if);
    case "delete":
      if (op.path === "/") return badArgument("the root cannot be deleted");
      return misplacedExists(op.if) ?? pathFault(op.path, known) ?? conditionsFault(op.if);
    default:
      return checkFault(op.if) ?? pathFault(op.path, known);
  }
}

function bytesOf(op: TreeOp): number {
  const written = "value" in op ? op.value.length : 0;
  return written + ("if" in op && op.if.value !== undefined ? op.if.value.length : 0);
}

function multiFault(multi: MultiOp, known: KnownPaths): Fault | null {
  if (multi.else !== undefined && multi.if === undefined)
    return badArgument("`else` without `if`: expected conditions");
  const lists: readonly (readonly TreeOp[])[] = [multi.if ?? [], multi.ops, multi.else ?? []];
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  if (count > limits.opsPerMulti) {
    return fault(
      "ERR_FLOTILLA_TOO_LARGE",
      `a multi has ${count} operations; the limit is ${limits.opsPerMulti}`,
    );
  }
  let bytes = 0;
  for (const ops of lists) for (const op of ops) bytes += bytesOf(op);
  if (bytes > limits.multiBytes) {
    return fault(
      "ERR_FLOTILLA_TOO_LARGE",
      `the values of a multi have ${bytes} bytes; the limit is ${limits.multiBytes}`,
    );
  }
  for (const ops of lists) {
    for (const [index, op] of ops.entries()) {
      const found = treeFault(op, known);
      if (found !== null) return { ...found, index };
    }
  }
  return null;
}

/**
 * What is wrong with an operation of the right shape; null when it may be tried. The same on every replica. `known`
 * saves looking at paths that have been judged before.
 */
export function faultOf(op: Operation, known: KnownPaths = noPaths): Fault | null {
  switch (op.type) {
    case "multi":
      return multiFault(op, known);
    case "set-acl":
      return pathFault(op.path, known) ?? aclFault(op.acl);
    case "set-budget":
      if (op.budget === null || isBudget(op.budget)) return pathFault(op.path, known);
      return badArgument("a budget bounds at least one kind, and no soft bound is above the hard one");
    case "grant":
      return isTtl(op.ttlMs)
        ? null
        : badArgument(`a ttl is between ${limits.minTtlMs} and ${limits.maxTtlMs} ms`);
    case "revoke":
    case "doom":
    case "close":
      return null;
    default:
      return treeFault(op, known);
  }
}

/** True for a time to live that a session or lease can have. */
export function isTtl(ttlMs: number): boolean {
  return Number.isSafeInteger(ttlMs) && ttlMs >= limits.minTtlMs && ttlMs <= limits.maxTtlMs;
}

/**
 * Refuses an operation that could not take effect whatever the state: for servers, before they propose it.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_TOO_LARGE` or `ERR_FLOTILLA_BAD_ARGUMENT`; in a multi
 *   `details.failed` is the index of the op
 */
export function validateOperation(op: Operation): void {
  requireShape(op);
  const misplaced = "if" in op && op.type !== "multi" && op.type !== "check" ? misplacedExists(op.if) : null;
  const found = misplaced ?? faultOf(op);
  if (found === null) return;
  throw new FlotillaError(
    found.code,
    found.message,
    found.index === null ? {} : { details: { failed: found.index } },
  );
}

function requireShape(op: Operation): void {
  try {
    checkShape(op);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "wrong shape";
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `not an operation: ${reason}`, { cause });
  }
}
