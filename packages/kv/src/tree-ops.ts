import { invariant } from "@flotilla/runtime";
import type { ErrorCode } from "@flotilla/runtime";
import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { openAcl, permissions, permits, settledAcl } from "./acl.ts";
import type { Acl, Identity } from "./acl.ts";
import type { Growth } from "./budget-table.ts";
import type { BudgetExcess } from "./budget.ts";
import { Change } from "./change.ts";
import type { Before, Family } from "./change.ts";
import { unmet } from "./conditions.ts";
import { readDecimal, writeDecimal } from "./decimal.ts";
import { limits } from "./limits.ts";
import { isPath } from "./paths.ts";
import type { HashedResult } from "./result-hash.ts";
import type { SessionTable } from "./session-table.ts";
import type { Tree } from "./tree.ts";
import { isOver, lifetime, statOf } from "./tree-node.ts";
import type { TreeNode } from "./tree-node.ts";
import { bytesAt } from "./values.ts";
import type {
  AddOp,
  CheckOp,
  Conditions,
  CreateOp,
  DeleteOp,
  LeaseId,
  OpResult,
  ReapCommand,
  SessionId,
  SetAclOp,
  SetOp,
  TreeEvent,
  TreeOp,
} from "./types.ts";

/** One command on its way: what it works on, and what it has done so far. */
export interface Execution {
  readonly tree: Tree;
  readonly sessions: SessionTable;
  /** Whose request it is. */
  readonly session: SessionId | null;
  /** The revision it makes, if it changes the tree. */
  readonly revision: number;
  readonly timeMs: number;
  /** After a restore: no node is made that ends with a lease. */
  readonly inGrace: boolean;
  /** Who the client was found to be. */
  readonly identities: readonly Identity[];
  events: Change[];
}

/** Why nothing was done. */
export type Refusal = ErrorCode | BudgetExcess;
/** Of a tree operation: its result, or why nothing was done. */
export type Outcome = OpResult | Refusal;

function emit(x: Execution, type: TreeEvent["type"], node: TreeNode, before: Before): HashedResult {
  const { path, pathHash, chunk, at, length, access } = node;
  const { revision, session: by, timeMs, events } = x;
  const acl = access.acl === openAcl ? undefined : access.acl;
  const stat = statOf(node);
  const head = { revision, ordinal: events.length, type, path, pathHash, by, timeMs };
  const change = new Change(head, stat, { chunk, at, length }, before, acl);
  // Most commands make one: an array that grows has room for many.
  if (events.length === 0) x.events = [change];
  else events.push(change);
  return { ok: true, path, pathHash, stat: type === "deleted" ? null : stat };
}

function familyOf({ pathHash, pzxid, created, numChildren }: TreeNode): Family {
  return { pathHash, pzxid, cversion: 2 * created - numChildren, numChildren };
}

/** Counts a child that comes or goes; returns what the parent said before. */
function changeParent(x: Execution, parent: TreeNode, born: 0 | 1): Family {
  const before = familyOf(parent);
  x.tree.edit(parent);
  parent.pzxid = x.revision;
  parent.created += born;
  parent.numChildren += born === 1 ? 1 : -1;
  x.tree.settle(parent);
  return before;
}

/** True when a list, or its absence, grants this to whoever sent the command. */
export function may({ identities }: Execution, { access }: TreeNode, wanted: number): boolean {
  return access === openAccess || permits(access.acl, identities, wanted);
}

/** Of a new node; null for a list that cannot be kept. */
function accessOf({ tree, identities }: Execution, acl: Acl | undefined): Access | null {
  if (acl === undefined) return openAccess;
  const settled = settledAcl(acl, identities);
  return settled === null ? null : tree.acls.access(settled, 0);
}

/** As `unmet`, but what a reader alone may know is asked of no node that the client may not read. */
function unmetFor(x: Execution, node: TreeNode | undefined, wanted: Conditions): ErrorCode | null {
  const { owner, children, value } = wanted;
  const asks = owner !== undefined || children !== undefined || value !== undefined;
  if (asks && node !== undefined && !may(x, node, permissions.read)) return "ERR_FLOTILLA_NO_AUTH";
  return unmet(node, wanted);
}

/** Nodes that end with a lease: of a session's own, with all of its leases. */
export function ownedBy({ sessions, tree }: Pick<Execution, "sessions" | "tree">, id: LeaseId): number {
  const leases = sessions.leasesOf(id);
  if (leases.length === 0) return tree.owned(id).size;
  let count = 0;
  for (const lease of leases) count += tree.owned(lease).size;
  return count;
}

interface NewNode {
  readonly path: string;
  readonly value: Uint8Array;
  readonly owner: LeaseId | null;
  readonly guarded: boolean;
  readonly lifetime: number;
  readonly access: Access;
}

function lifetimeOf({ container, ttlMs }: CreateOp): number {
  return container === true ? lifetime.container : (ttlMs ?? lifetime.endless);
}

/** Adds a node, unless that goes beyond a budget. */
function insert(x: Execution, parent: TreeNode, node: NewNode): Outcome {
  const { path, owner, guarded } = node;
  const { revision, timeMs, tree } = x;
  if (tree.budgets.size > 0) {
    const growth = {
      path,
      bytes: node.value.length,
      siblings: parent.numChildren,
      lease: owner,
      timeMs,
    };
    const excess = tree.budgets.refusal(growth);
    if (excess !== null) return excess;
    tree.budgets.charge(growth);
  }
  const born = {
    path,
    czxid: revision,
    mzxid: revision,
    pzxid: revision,
    ctimeMs: timeMs,
    mtimeMs: timeMs,
    version: 0,
    created: 0,
    numChildren: 0,
    owner,
    guarded,
    lifetime: node.lifetime,
    access: node.access,
  };
  const before = changeParent(x, parent, 1);
  return emit(x, "created", tree.add(born, node.value), before);
}

function create(x: Execution, op: CreateOp): Outcome {
  if (op.lease !== null) {
    const lease = x.sessions.lease(op.lease);
    if (lease === undefined || lease.session !== x.session) return "ERR_FLOTILLA_LOST";
    if (x.inGrace) return "ERR_FLOTILLA_GRACE";
  }
  const access = accessOf(x, op.acl);
  if (access === null) return "ERR_FLOTILLA_INVALID_ACL";
  const parent = x.tree.parentOf(op.path);
  if (parent === undefined) return "ERR_FLOTILLA_NOT_FOUND";
  if (!may(x, parent, permissions.create)) return "ERR_FLOTILLA_NO_AUTH";
  const path = op.sequential ? op.path + String(parent.created).padStart(10, "0") : op.path;
  if (op.sequential && !isPath(path)) return "ERR_FLOTILLA_BAD_PATH";
  if (x.tree.get(path) !== undefined) return "ERR_FLOTILLA_EXISTS";
  if (parent.owner !== null) return "ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS";
  if (op.lease !== null && x.session !== null && ownedBy(x, x.session) >= limits.nodesPerCommand) {
    return "ERR_FLOTILLA_LIMIT";
  }
  const { value, lease: owner, guarded } = op;
  return insert(x, parent, { path, value, owner, guarded, lifetime: lifetimeOf(op), access });
}

function update(x: Execution, node: TreeNode, value: Uint8Array): OpResult {
  const { chunk, at, length, mzxid, mtimeMs } = node;
  x.tree.edit(node);
  node.mzxid = x.revision;
  node.mtimeMs = x.timeMs;
  node.version += 1;
  x.tree.setValue(node, value);
  x.tree.settle(node);
  return emit(x, "changed", node, { chunk, at, length, mzxid, mtimeMs });
}

/** As ZooKeeper, looks at the budgets behind everything else of a node that is there but its version and value. */
function setWithin(x: Execution, node: TreeNode, op: SetOp): Outcome {
  const { path, value } = op;
  const code = unmetFor(x, node, op.if);
  const isLater = code === "ERR_FLOTILLA_BAD_VERSION" || code === "ERR_FLOTILLA_CONDITION";
  if (code !== null && !isLater) return code;
  const { budgets } = x.tree;
  const growth: Growth = {
    path,
    bytes: value.length - node.length,
    siblings: null,
    lease: null,
    timeMs: x.timeMs,
  };
  const excess = budgets.refusal(growth);
  if (excess !== null) return excess;
  if (code !== null) return code;
  budgets.charge(growth);
  return update(x, node, value);
}

function set(x: Execution, op: SetOp): Outcome {
  const node = x.tree.get(op.path);
  if (node !== undefined && !may(x, node, permissions.write)) return "ERR_FLOTILLA_NO_AUTH";
  if (node !== undefined && x.tree.budgets.size > 0) return setWithin(x, node, op);
  const code = unmetFor(x, node, op.if);
  if (code !== null) return code;
  if (node !== undefined) return update(x, node, op.value);
  return op.type === "set" ? "ERR_FLOTILLA_NOT_FOUND" : insertOrdinary(x, op.path, op.value);
}

/** Adds a node that stays and is everybody's. */
function insertOrdinary(x: Execution, path: string, value: Uint8Array): Outcome {
  const parent = x.tree.parentOf(path);
  if (parent === undefined) return "ERR_FLOTILLA_NOT_FOUND";
  if (!may(x, parent, permissions.create)) return "ERR_FLOTILLA_NO_AUTH";
  if (parent.owner !== null) return "ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS";
  const ordinary = { owner: null, guarded: false, lifetime: lifetime.endless, access: openAccess };
  return insert(x, parent, { path, value, ...ordinary });
}

/** The sum is told: whoever adds to a node must be allowed to read it. */
function add(x: Execution, { path, by, if: wanted }: AddOp): Outcome {
  const node = x.tree.get(path);
  if (node !== undefined && !may(x, node, permissions.write)) return "ERR_FLOTILLA_NO_AUTH";
  if (node !== undefined && !may(x, node, permissions.read)) return "ERR_FLOTILLA_NO_AUTH";
  const code = unmetFor(x, node, wanted);
  if (code !== null) return code;
  const before = node === undefined ? 0 : readDecimal(bytesAt(node));
  if (before === null) return "ERR_FLOTILLA_BAD_VALUE";
  const sum = before + by;
  if (!Number.isSafeInteger(sum)) return "ERR_FLOTILLA_LIMIT";
  const value = writeDecimal(sum);
  const outcome =
    node === undefined
      ? insertOrdinary(x, path, value)
      : setWithin(x, node, { type: "set", path, value, if: {} });
  return typeof outcome === "object" && "ok" in outcome && outcome.ok ? { ...outcome, sum } : outcome;
}

/** Removes a node that exists and has no children. */
function erase(x: Execution, node: TreeNode): OpResult {
  const parent = parentIn(x, node);
  x.tree.delete(node);
  return emit(x, "deleted", node, changeParent(x, parent, 0));
}

function parentIn(x: Execution, node: TreeNode): TreeNode {
  const parent = x.tree.parentOf(node.path);
  invariant(parent !== undefined, "TreeParent");
  return parent;
}

function isHeldByOther(x: Execution, node: TreeNode): boolean {
  return node.guarded && node.owner !== null && x.sessions.lease(node.owner)?.session !== x.session;
}

function remove(x: Execution, op: DeleteOp): Outcome {
  const parent = x.tree.parentOf(op.path);
  if (parent !== undefined && !may(x, parent, permissions.delete)) return "ERR_FLOTILLA_NO_AUTH";
  const node = x.tree.get(op.path);
  const code = unmetFor(x, node, op.if);
  if (code !== null) return code;
  if (node === undefined) return "ERR_FLOTILLA_NOT_FOUND";
  if (!op.force && isHeldByOther(x, node)) return "ERR_FLOTILLA_HELD";
  if (node.numChildren === 0) return erase(x, node);
  return op.recursive === true ? eraseAll(x, node, op) : "ERR_FLOTILLA_HAS_CHILDREN";
}

/** Removes a node and everything below it. */
function eraseAll(x: Execution, node: TreeNode, { force }: DeleteOp): Outcome {
  if (x.events.length + x.tree.usage(node).nodes > limits.nodesPerCommand) return "ERR_FLOTILLA_LIMIT";
  const below = x.tree.below(node.path);
  const inner = [node, ...below].filter(({ numChildren }) => numChildren > 0);
  if (!inner.every((each) => may(x, each, permissions.delete))) return "ERR_FLOTILLA_NO_AUTH";
  if (!force && below.some((each) => isHeldByOther(x, each))) return "ERR_FLOTILLA_HELD";
  for (const each of below.toReversed()) {
    const before = familyOf(parentIn(x, each));
    x.tree.delete(each);
    emit(x, "deleted", each, before);
  }
  return erase(x, node);
}

/** Puts another access list in the place of a node's. */
export function setAcl(x: Execution, op: SetAclOp): Outcome {
  const acl = settledAcl(op.acl, x.identities);
  if (acl === null) return "ERR_FLOTILLA_INVALID_ACL";
  const node = x.tree.get(op.path);
  if (node === undefined) return "ERR_FLOTILLA_NOT_FOUND";
  if (!may(x, node, permissions.admin)) return "ERR_FLOTILLA_NO_AUTH";
  const { aversion } = node.access;
  if (op.aversion !== undefined && op.aversion !== aversion) return "ERR_FLOTILLA_BAD_VERSION";
  x.tree.edit(node);
  node.access = x.tree.acls.access(acl, aversion + 1);
  x.tree.settle(node);
  return { ok: true, path: op.path, stat: statOf(node) };
}

/** The code of the first condition of a check that does not hold; who may not read the node is not told. */
export function unmetCheck(x: Execution, op: CheckOp): ErrorCode | null {
  const node = x.tree.get(op.path);
  if (node !== undefined && !may(x, node, permissions.read)) return "ERR_FLOTILLA_NO_AUTH";
  return unmet(node, op.if);
}

function check(x: Execution, op: CheckOp): Outcome {
  return unmetCheck(x, op) ?? { ok: true, path: op.path, stat: null };
}

/** Does one operation that has no fault of its own, or nothing at all. */
export function applyTreeOp(x: Execution, op: TreeOp): Outcome {
  switch (op.type) {
    case "create":
      return create(x, op);
    case "set":
    case "put":
      return set(x, op);
    case "add":
      return add(x, op);
    case "delete":
      return remove(x, op);
    default:
      return check(x, op);
  }
}

/** Ends leases and deletes all their nodes, sorted by path whatever lease they belong to. */
export function endLeases(x: Execution, leases: readonly LeaseId[]): void {
  const paths: string[] = [];
  for (const lease of leases) for (const path of x.tree.owned(lease)) paths.push(path);
  for (const path of paths.toSorted()) {
    const node = x.tree.get(path);
    if (node !== undefined) erase(x, node);
  }
  for (const lease of leases) x.sessions.endLease(lease);
}

/** Deletes those of the nodes whose time is over and that nothing changed after revision `seen`. Returns them, sorted. */
export function reap(x: Execution, { seen, paths }: ReapCommand): string[] {
  const reaped: string[] = [];
  for (const path of paths.toSorted()) {
    const node = x.tree.get(path);
    if (node === undefined || node.mzxid > seen || node.pzxid > seen || !isOver(node, x.timeMs)) continue;
    erase(x, node);
    reaped.push(path);
  }
  return reaped;
}
