import type { Node, SessionInfo } from "@flotilla/kv";
import { packedOperation, packedStat } from "../../../kv/test/packed.ts";
import type { NodeStatus } from "../../src/client/api.ts";
import type {
  Answer,
  ClientMessage,
  Query,
  ResumeToken,
  ServerMessage,
  WatchSpec,
  ToldEvent,
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

function watch({ id, path, kind, from }: WatchSpec): unknown[] {
  return [id, path, ["data", "children", "recursive"].indexOf(kind), orNull(from, token)];
}

function session({ id, ttlMs, attach, lastSeq, leases, nodes, doomed }: SessionInfo): unknown[] {
  return [id, ttlMs, attach, lastSeq, leases, nodes, doomed];
}

function query(of: Query): unknown[] {
  switch (of.type) {
    case "get":
      return [0, of.path];
    case "exists":
      return [1, of.path];
    case "children":
      return [2, of.path, of.after, of.limit];
    case "usage":
      return [5, of.path];
    case "sessions":
      return [6, of.after, of.limit];
    case "sync":
      return [3];
    default:
      return [4];
  }
}

export function packedClientMessage(message: ClientMessage): unknown[] {
  switch (message.type) {
    case "attach": {
      const { session, secret, attach, ttlMs, watches } = message;
      return [0, session, secret, attach, ttlMs, watches.map(watch)];
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

function event(of: ToldEvent): unknown[] {
  const type = ["created", "changed", "deleted"].indexOf(of.type);
  return [of.revision, of.ordinal, type, of.path, orNull(of.node, node)];
}

function status(of: NodeStatus): unknown[] {
  const role = ["leader", "candidate", "precandidate", "follower"].indexOf(of.role);
  const counts = [of.commit, of.applied, of.lastIndex, of.snapshotIndex, of.revision];
  const members = of.members.map(({ id, address, connected, match }) => [id, address, connected, match]);
  const head = [of.id, of.cluster, role, of.term, of.leader];
  return [...head, ...counts, of.digest, of.sessions, of.nodes, of.historyId, members];
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
      return [6, message.id, message.events.map(event)];
    case "snapshot": {
      const nodes = message.nodes.map((item) => [item.path, node(item.node)]);
      return [7, message.id, message.revision, message.historyId, nodes, message.last];
    }
    default:
      return [message.type === "renewed" ? 8 : 9, message.number];
  }
}
