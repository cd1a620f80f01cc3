import type { ErrorCode } from "@flotilla/runtime";
import { setBudget } from "./budget-ops.ts";
import type { BudgetExcess } from "./budget.ts";
import { limits } from "./limits.ts";
import { applyTreeOp, endLeases, setAcl, unmetCheck } from "./tree-ops.ts";
import type { Execution, Outcome, Refusal } from "./tree-ops.ts";
import type {
  Branch,
  CheckOp,
  DoomOp,
  GrantOp,
  MultiOp,
  Operation,
  OpResult,
  Result,
  RevokeOp,
  SessionId,
  TreeOp,
} from "./types.ts";
import { faultOf } from "./validate.ts";

/** What became of an operation; `failed` is the index in a multi. */
export type Performed =
  | { readonly ok: true; readonly results: readonly OpResult[]; readonly branch?: Branch }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly failed: number | null;
      readonly branch?: Branch;
      readonly excess?: BudgetExcess;
    };

const done: Performed = { ok: true, results: [] };

function refuse(why: Refusal, failed: number | null = null): Performed {
  if (typeof why === "string") return { ok: false, code: why, failed };
  return { ok: false, code: "ERR_FLOTILLA_QUOTA", failed, excess: why };
}

function isRefusal(outcome: Outcome): outcome is Refusal {
  return typeof outcome === "string" || "limit" in outcome;
}

function outcomeOf(x: Execution, outcome: Outcome, failed: number | null = null): Performed {
  if (!isRefusal(outcome)) return { ok: true, results: [outcome] };
  if (typeof outcome !== "string") x.tree.budgets.report("hard", outcome);
  return refuse(outcome, failed);
}

function single(x: Execution, op: TreeOp): Performed {
  return outcomeOf(x, applyTreeOp(x, op));
}

function multi(x: Execution, ops: readonly TreeOp[]): Performed {
  const results: OpResult[] = [];
  x.tree.begin();
  for (const [index, op] of ops.entries()) {
    const outcome = applyTreeOp(x, op);
    if (isRefusal(outcome)) {
      x.tree.rollback();
      x.events.length = 0;
      return outcomeOf(x, outcome, index);
    }
    results.push(outcome);
  }
  x.tree.commit();
  return { ok: true, results };
}

/** Looks at all conditions, then does one of the branches. */
function branching(x: Execution, op: MultiOp, conditions: readonly CheckOp[]): Performed {
  const unmet = conditions.map((each) => unmetCheck(x, each));
  if (unmet.includes("ERR_FLOTILLA_NO_AUTH")) return refuse("ERR_FLOTILLA_NO_AUTH");
  const holds = unmet.every((code) => code === null);
  const branch = holds ? "then" : "else";
  return { ...multi(x, holds ? op.ops : (op.else ?? [])), branch };
}

function grant(x: Execution, session: SessionId, op: GrantOp): Performed {
  if (x.sessions.lease(op.lease) !== undefined) return refuse("ERR_FLOTILLA_EXISTS");
  if (x.sessions.leaseCount(session) >= limits.leasesPerSession) return refuse("ERR_FLOTILLA_LIMIT");
  x.sessions.grant({ id: op.lease, session, ttlMs: op.ttlMs, doomed: false });
  return done;
}

function revoke(x: Execution, session: SessionId, op: RevokeOp): Performed {
  if (x.sessions.lease(op.lease)?.session !== session) return refuse("ERR_FLOTILLA_NOT_FOUND");
  // The session's own lease ends with the session.
  if (op.lease === session) return refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  endLeases(x, [op.lease]);
  return done;
}

function doom(x: Execution, op: DoomOp): Performed {
  if (x.sessions.lease(op.lease) === undefined) return refuse("ERR_FLOTILLA_NOT_FOUND");
  x.sessions.doom(op.lease);
  return done;
}

/** Ends a session, its leases and all their nodes. */
function endSession(x: Execution, session: SessionId): void {
  endLeases(x, x.sessions.leasesOf(session).toSorted());
  x.sessions.end(session);
}

/** Ends all sessions, their leases and all nodes of these. */
export function endAllSessions(x: Execution): void {
  endLeases(
    x,
    x.sessions.leases().map(({ id }) => id),
  );
  for (const { id } of x.sessions.all()) x.sessions.end(id);
}

/** Does an operation of a session as a whole, or nothing at all. */
export function perform(x: Execution, session: SessionId, op: Operation): Performed {
  const fault = faultOf(op, x.tree);
  if (fault !== null) return refuse(fault.code, fault.index);
  switch (op.type) {
    case "multi":
      return op.if === undefined ? multi(x, op.ops) : branching(x, op, op.if);
    case "grant":
      return grant(x, session, op);
    case "revoke":
      return revoke(x, session, op);
    case "doom":
      return doom(x, op);
    case "set-acl":
      return outcomeOf(x, setAcl(x, op));
    case "set-budget": {
      const code = setBudget(x, op);
      return code === null ? done : refuse(code);
    }
    case "close":
      endSession(x, session);
      return done;
    default:
      return single(x, op);
  }
}

/** Ends leases whose time is over, and whole sessions where it is theirs. Returns all leases ended, sorted. */
export function expire(x: Execution, leases: readonly string[]): string[] {
  const ended = new Set<string>();
  const sessions: SessionId[] = [];
  for (const id of leases) {
    const lease = x.sessions.lease(id);
    if (lease === undefined) continue;
    ended.add(id);
    if (lease.session !== id) continue;
    sessions.push(id);
    for (const dependent of x.sessions.leasesOf(id)) ended.add(dependent);
  }
  const sorted = [...ended].toSorted();
  endLeases(x, sorted);
  for (const session of sessions) x.sessions.end(session);
  return sorted;
}

/** What a client is told of it; `revision` is the last one by then. */
export function resultOf(performed: Performed, revision: number): Result {
  if (performed.ok && performed.branch === undefined)
    return { ok: true, revision, results: performed.results };
  return { ...performed, revision };
}
