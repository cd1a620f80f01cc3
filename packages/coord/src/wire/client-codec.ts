import { limits, packOperation, unpackOperation } from "@flotilla/kv";
import type { WatchKind } from "@flotilla/kv";
import {
  decode,
  encode,
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readList,
  readOneOf,
  readUint,
} from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import type { ClientMessage, Query, WatchSpec } from "./messages.ts";

import { packToken, readId, readNullable, readPath, readToken } from "./tree-codec.ts";

/*
 * Positional CBOR arrays; the first item is the tag:
 *   0 attach   [0, session, secret, attach, ttlMs|null, [watch…]]
 *   1 request  [1, seq, ack, operation]
 *   2 read     [2, id, after, linearizable, query]
 *   3 watch    [3, after, watch]
 *   4 unwatch  [4, id]
 *   5 renew    [5, number, [lease…]]
 *   6 ping     [6, number]
 * watch: [id, path, kind, token|null]; token: [historyId, revision, ordinal]
 */

const kinds: readonly WatchKind[] = ["data", "children", "recursive"];

function packWatch(watch: WatchSpec): unknown {
  return [
    watch.id,
    watch.path,
    kinds.indexOf(watch.kind),
    watch.from === null ? null : packToken(watch.from),
  ];
}

function readWatch(value: unknown, what: string): WatchSpec {
  const items = readArray(value, what, 4, 4);
  return {
    id: readUint(items[0], "watch id"),
    path: readPath(items[1], "watch path"),
    kind: readOneOf(kinds[readUint(items[2], "watch kind", 2)], "watch kind", kinds),
    from: readNullable(items[3], "watch token", readToken),
  };
}

function packQuery(query: Query): readonly unknown[] {
  switch (query.type) {
    case "get":
      return [0, query.path];
    case "exists":
      return [1, query.path];
    case "children":
      return [2, query.path, query.after, query.limit];
    case "sync":
      return [3];
    default:
      return [4];
  }
}

function readQuery(value: unknown, what: string): Query {
  const items = readArray(value, what, 1, 4);
  const tag = readUint(items[0], "query tag", 4);
  switch (tag) {
    case 0:
      return { type: "get", path: readPath(readArray(items, what, 2, 2)[1], "path") };
    case 1:
      return { type: "exists", path: readPath(readArray(items, what, 2, 2)[1], "path") };
    case 2:
      readArray(items, what, 4, 4);
      return {
        type: "children",
        path: readPath(items[1], "path"),
        after: readNullable(items[2], "after", readPath),
        limit: readUint(items[3], "limit", limits.childrenPage),
      };
    default:
      readArray(items, what, 1, 1);
      return { type: tag === 3 ? "sync" : "status" };
  }
}

function pack(message: ClientMessage): readonly unknown[] {
  switch (message.type) {
    case "attach":
      return [
        0,
        message.session,
        message.secret,
        message.attach,
        message.ttlMs,
        message.watches.map((watch) => packWatch(watch)),
      ];
    case "request":
      return [1, message.seq, message.ack, packOperation(message.operation)];
    case "read":
      return [2, message.id, message.after, message.linearizable, packQuery(message.query)];
    case "watch":
      return [3, message.after, packWatch(message.watch)];
    case "unwatch":
      return [4, message.id];
    case "renew":
      return [5, message.number, message.leases];
    default:
      return [6, message.number];
  }
}

/** The frame of a message. It may be above `maxFrameBytes`: the other side would end the channel. */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  return encode(pack(message));
}

function readAttach(items: readonly unknown[]): ClientMessage {
  readArray(items, "attach", 6, 6);
  const secret = readBytes(items[2], "secret", 16);
  if (secret.length !== 16) throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "secret: expected 16 bytes");
  const attach = readUint(items[3], "attach number");
  if (attach === 0) throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "attach number: expected at least 1");
  return {
    type: "attach",
    session: readId(items[1], "session"),
    secret: secret.slice(),
    attach,
    ttlMs: readNullable(items[4], "ttlMs", (value, what) => readUint(value, what)),
    watches: readWatches(items[5]),
  };
}

function readWatches(value: unknown): readonly WatchSpec[] {
  const watches = readList(value, "watches", wireBounds.watches, readWatch);
  if (new Set(watches.map((watch) => watch.id)).size !== watches.length) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "watches: an id appears twice");
  }
  return watches;
}

function readRequest(items: readonly unknown[]): ClientMessage {
  readArray(items, "request", 4, 4);
  const seq = readUint(items[1], "seq");
  if (seq === 0) throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "seq: expected at least 1");
  return {
    type: "request",
    seq,
    ack: readUint(items[2], "ack", seq - 1),
    operation: unpackOperation(items[3]),
  };
}

function readRead(items: readonly unknown[]): ClientMessage {
  readArray(items, "read", 5, 5);
  return {
    type: "read",
    id: readUint(items[1], "read id"),
    after: readUint(items[2], "after"),
    linearizable: readBoolean(items[3], "linearizable"),
    query: readQuery(items[4], "query"),
  };
}

/**
 * Reads a frame from a client. Values alias the frame.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TOO_LARGE`
 */
export function decodeClientMessage(frame: Uint8Array): ClientMessage {
  if (frame.length > wireBounds.frameBytes) {
    throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", `the frame is above ${wireBounds.frameBytes} bytes`);
  }
  const items = readArray(decode(frame), "message", 1, 6);
  switch (readUint(items[0], "message tag", 6)) {
    case 0:
      return readAttach(items);
    case 1:
      return readRequest(items);
    case 2:
      return readRead(items);
    case 3:
      readArray(items, "watch", 3, 3);
      return { type: "watch", after: readUint(items[1], "after"), watch: readWatch(items[2], "watch") };
    case 4:
      return { type: "unwatch", id: readUint(readArray(items, "unwatch", 2, 2)[1], "watch id") };
    case 5:
      readArray(items, "renew", 3, 3);
      return {
        type: "renew",
        number: readUint(items[1], "number"),
        leases: readList(items[2], "leases", wireBounds.leases, readId),
      };
    default:
      return { type: "ping", number: readUint(readArray(items, "ping", 2, 2)[1], "number") };
  }
}
