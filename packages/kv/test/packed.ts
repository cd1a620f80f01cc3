import { budgetKinds } from "../src/index.ts";
import type {
  Acl,
  Budget,
  Conditions,
  Identity,
  KvCommand,
  Operation,
  OpResult,
  Result,
  Stat,
} from "../src/index.ts";

/*
 * The layouts as plain positional values: encoded with the general encoder, they are the bytes that the codecs write.
 */

/** One item more where little is asked for. */
function rare({ value, owner, children }: Conditions): unknown[] {
  if (value === undefined && owner === undefined && children === undefined) return [];
  return [[value ?? null, owner === undefined ? null : (owner ?? ""), children ?? null]];
}

function conditions({ version, mzxid }: Conditions): unknown[] {
  return [version ?? null, mzxid ?? null];
}

function packedAcl(acl: Acl): unknown[] {
  const schemes = ["world", "auth", "digest", "ip", "x509"];
  return acl.map(({ scheme, id, permissions }) => [schemes.indexOf(scheme), id, permissions]);
}

export function packedBudget(budget: Budget): unknown[] {
  return budgetKinds.flatMap((kind) => [budget[kind]?.soft ?? null, budget[kind]?.hard ?? null]);
}

function packedIdentities(identities: readonly Identity[]): unknown[] {
  return identities.map(({ scheme, id }) => [["digest", "ip", "x509", "super"].indexOf(scheme), id]);
}

export function packedOperation(op: Operation): unknown[] {
  switch (op.type) {
    case "create": {
      const { path, value, lease, sequential, guarded, container = false, ttlMs } = op;
      const given = [ttlMs, op.acl === undefined ? undefined : packedAcl(op.acl)];
      const extra = (ttlMs === undefined ? 0 : 8) + (op.acl === undefined ? 0 : 16);
      const flags = (sequential ? 1 : 0) + (guarded ? 2 : 0) + (container ? 4 : 0) + extra;
      return [0, path, value, lease, flags, ...given.filter((each) => each !== undefined)];
    }
    case "set":
      return [1, op.path, op.value, ...conditions(op.if), ...rare(op.if)];
    case "put":
      return [2, op.path, op.value, ...conditions(op.if), ...rare(op.if)];
    case "add":
      return [14, op.path, op.by, ...conditions(op.if), ...rare(op.if)];
    case "delete":
      return [op.recursive === true ? 9 : 3, op.path, ...conditions(op.if), op.force, ...rare(op.if)];
    case "check":
      return [4, op.path, ...conditions(op.if), op.if.exists ?? null, ...rare(op.if)];
    case "multi":
      if (op.if === undefined) return [5, op.ops.map(packedOperation)];
      return [
        10,
        op.if.map(packedOperation),
        op.ops.map(packedOperation),
        op.else === undefined ? null : op.else.map(packedOperation),
      ];
    case "set-acl":
      return [12, op.path, packedAcl(op.acl), op.aversion ?? null];
    case "set-budget":
      return [13, op.path, op.budget === null ? null : packedBudget(op.budget)];
    case "grant":
      return [6, op.lease, op.ttlMs];
    case "revoke":
      return [7, op.lease];
    case "doom":
      return [11, op.lease];
    default:
      return [8];
  }
}

export function packedCommand(command: KvCommand): unknown[] {
  switch (command.type) {
    case "attach":
      return [1, 0, command.session, command.secret, command.attach, command.ttlMs];
    case "request": {
      const { session, attach, seq, ack, operation, identities } = command;
      const who = identities === undefined ? [] : [packedIdentities(identities)];
      return [1, 1, session, attach, seq, ack, packedOperation(operation), ...who];
    }
    case "expire":
      return [1, 2, command.leases];
    case "reap":
      return [1, 4, command.seen, command.paths];
    case "begin-restored":
      return [1, 5, command.revision, command.graceMs];
    case "end-grace":
      return [1, 6];
    case "set-feature-level":
      return [1, 7, command.level];
    default:
      return [1, 3, command.revision];
  }
}

export function packedStat(stat: Stat): unknown[] {
  const { czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion } = stat;
  const { ephemeralOwner, dataLength, numChildren, container, ttlMs } = stat;
  const counts = [czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion];
  return [...counts, ephemeralOwner, dataLength, numChildren, container ? -1 : (ttlMs ?? 0)];
}

function packedOpResult(result: OpResult): unknown[] {
  if (!result.ok) return [result.code];
  const sum = result.sum === undefined ? [] : [result.sum];
  return [result.path, result.stat === null ? null : packedStat(result.stat), ...sum];
}

export function packedResult(result: Result): unknown[] {
  const { ok, revision, branch } = result;
  const branched = branch === undefined ? [] : [branch === "then"];
  if (!ok && result.excess !== undefined) {
    const { path, kind, limit, used, wanted } = result.excess;
    const excess = [path, budgetKinds.indexOf(kind), limit, used, wanted];
    return [
      3,
      ok,
      revision,
      result.code,
      result.failed,
      ...(branch === undefined ? [null] : branched),
      excess,
    ];
  }
  if (!ok) return [3, ok, revision, result.code, result.failed, ...branched];
  return [3, ok, revision, result.results.map(packedOpResult), ...branched];
}
