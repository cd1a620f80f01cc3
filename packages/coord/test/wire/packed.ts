import { budgetKinds } from "@flotilla/kv";
import type { BudgetInfo, Node, NodeChange, SessionInfo, WatchToken } from "@flotilla/kv";
import { packedBudget, packedOperation, packedStat } from "../../../kv/test/packed.ts";
import type { NodeStatus } from "../../src/client/status-api.ts";
import type {
  Answer,
  ClientMessage,
  Query,
  ResumeToken,
  ServerMessage,
  ToldEvent,
  WatchSpec,
  WatchWants,
} from "../../src/wire/messages.ts";

/*
 * The layouts as plain positional values: encoded with the general encoder, they are the bytes that the codecs write.
 */

type Packed = unknown[] | null;

function orNull<T>(value: T | null, pack: (value: T) => unknown[]): Packed {
  return value === null ? null : pack(value);
}

function token({ historyId, revision, ordinal }: ResumeToken): unknown[] {
  return [historyId, revision, ordinal];
}

function wants({ types, names, values, previous, bookmarkMs }: WatchWants): unknown[] {
  const bits = { created: 1, changed: 2, deleted: 4 };
  return [types.reduce((sum, type) => sum + bits[type], 0), names, values, previous, bookmarkMs];
}

function watch(of: WatchSpec): unknown[] {
  const kind = ["data", "children", "recursive"].indexOf(of.kind);
  return [of.id, of.path, kind, orNull(of.from, token), orNull(of.wants, wants)];
}

function session({ id, ttlMs, attach, lastSeq, leases, nodes, doomed }: SessionInfo): unknown[] {
  return [id, ttlMs, attach, lastSeq, leases, nodes, doomed];
}

function point({ revision, ordinal }: WatchToken): unknown[] {
  return [revision, ordinal];
}

function change({ revision, ordinal, type, by, timeMs, version }: NodeChange): unknown[] {
  return [revision, ordinal, ["created", "changed", "deleted"].indexOf(type), by, timeMs, version];
}

function query(of: Query): unknown[] {
  switch (of.type) {
    case "get":
      return [0, of.path];
    case "exists":
      return [1, of.path];
    case "children":
      return [2, of.path, of.after, of.limit];
    case "child-nodes":
      return [11, of.path, of.after, of.limit];
    case "acl":
      return [10, of.path];
    case "usage":
      return [5, of.path];
    case "budget":
      return [12, of.path];
    case "budgets":
      return [13, of.path, of.after, of.limit];
    case "sessions":
      return [6, of.after, of.limit];
    case "leases":
      return [7, of.after, of.limit];
    case "past":
      return [8, of.revision, query(of.query)];
    case "changes":
      return [9, of.path, orNull(of.before, point), of.limit];
    case "sync":
      return [3];
    default:
      return [4];
  }
}

export function packedClientMessage(message: ClientMessage): unknown[] {
  switch (message.type) {
    case "attach": {
      const { session, secret, attach, ttlMs, watches, auth } = message;
      const names = auth.map(({ user, password }) => [user, password]);
      return [0, session, secret, attach, ttlMs, watches.map(watch), names];
    }
    case "request":
      return [1, message.seq, message.ack, packedOperation(message.operation)];
    case "read":
      return [2, message.id, message.after, message.linearizable, query(message.query)];
    case "watch":
      return [3, message.after, watch(message.watch)];
    case "unwatch":
      return [4, message.id];
    case "renew":
      return [5, message.number, message.leases];
    default:
      return [6, message.number];
  }
}

function node(of: Node): unknown[] {
  return [of.value, packedStat(of.stat)];
}

function event(of: ToldEvent, withPrevious: boolean): unknown[] {
  const type = ["created", "changed", "deleted"].indexOf(of.type);
  const previous = withPrevious ? [orNull(of.previous, node)] : [];
  return [of.revision, of.ordinal, type, of.path, orNull(of.node, node), ...previous];
}

function status(of: NodeStatus): unknown[] {
  const role = ["leader", "candidate", "precandidate", "follower"].indexOf(of.role);
  const counts = [of.commit, of.applied, of.lastIndex, of.snapshotIndex, of.revision];
  const members = of.members.map(({ id, address, connected, match }) => [id, address, connected, match]);
  const head = [of.id, of.cluster, role, of.term, of.leader];
  const levels = [of.featureLevel, of.newestLevel];
  return [...head, ...counts, of.digest, ...levels, of.sessions, of.nodes, of.historyId, members];
}

function budgetInfo({ path, budget, used }: BudgetInfo): unknown[] {
  const { nodes, bytes, leases = null, rate = null, watches = null } = used;
  return [path, packedBudget(budget), [nodes, bytes, leases, rate, watches]];
}

function answer(of: Answer): unknown[] {
  switch (of.type) {
    case "node":
      return [0, orNull(of.node, node)];
    case "stat":
      return [1, orNull(of.stat, packedStat)];
    case "children":
      return [2, of.names, of.next];
    case "usage":
      return [6, orNull(of.usage, ({ nodes, bytes }) => [nodes, bytes])];
    case "sessions":
      return [7, of.sessions.map(session), of.next];
    case "leases": {
      const leases = of.leases.map(({ id, session: owner, ttlMs, doomed, nodes }) => [
        id,
        owner,
        ttlMs,
        doomed,
        nodes,
      ]);
      return [8, leases, of.next];
    }
    case "changes":
      return [9, of.changes.map(change), orNull(of.next, point), point(of.floor)];
    case "child-nodes":
      return [
        12,
        orNull(of.children, (all) => all.map((one) => [one.name, orNull(one.node, node)])),
        of.next,
      ];
    case "compacted":
      return [10, of.floor];
    case "acl": {
      const schemes = ["world", "auth", "digest", "ip", "x509"];
      const entries = of.acl?.map(({ scheme, id, permissions }) => [
        schemes.indexOf(scheme),
        id,
        permissions,
      ]);
      return [11, entries ?? null, orNull(of.stat, packedStat)];
    }
    case "budget":
      return [13, orNull(of.budget, budgetInfo)];
    case "budgets":
      return [14, of.budgets.map(budgetInfo), of.next];
    case "done":
      return [3];
    case "status":
      return [4, status(of.status)];
    default:
      return [5, of.code, of.message];
  }
}

export function packedServerMessage(message: ServerMessage): unknown[] {
  switch (message.type) {
    case "attached": {
      const { attach, lastSeq, ttlMs, historyId, revision, endpoints } = message;
      return [0, attach, lastSeq, ttlMs, message.node, historyId, revision, endpoints];
    }
    case "ended":
      return [1, message.code, message.message];
    case "result":
      return [2, message.seq, message.result];
    case "resend":
      return [3, message.from];
    case "read-result":
      return [4, message.id, message.revision, answer(message.answer)];
    case "armed":
      return [5, message.id, token(message.token)];
    case "events":
      return [6, message.ids, message.previous, message.events.map((each) => event(each, message.previous))];
    case "snapshot": {
      const nodes = message.nodes.map((item) => [item.path, node(item.node)]);
      const reason = ["asked", "compacted", "other-history", "fell-behind"].indexOf(message.reason);
      return [7, message.id, message.revision, message.historyId, reason, nodes, message.last];
    }
    case "bookmark":
      return [10, message.id, token(message.token)];
    case "watch-refused": {
      const { path, kind, limit, used, wanted } = message.excess;
      return [11, message.id, [path, budgetKinds.indexOf(kind), limit, used, wanted]];
    }
    case "renewed":
      return [8, message.number, message.refused];
    default:
      return [9, message.number];
  }
}
