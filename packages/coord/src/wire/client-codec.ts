import { idDigits, limits, readOperation, writeOperation } from "@flotilla/kv";
import type { CborReader } from "@flotilla/runtime";
import { CborWriter, expectItems, FlotillaError } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import { readFrame } from "./frame.ts";
import type {
  AttachMessage,
  ClientMessage,
  Credential,
  NodeQuery,
  Query,
  ReadMessage,
  RequestMessage,
  WatchSpec,
} from "./messages.ts";
import { readChangesQuery, writeChangesQuery } from "./past-codec.ts";
import type { RenewedList } from "./renewed-list.ts";
import { readLeases } from "./renewed-list.ts";
import { readName, readPath } from "./tree-codec.ts";
import { readWatch, writeWatch } from "./watch-codec.ts";

/*
 * Positional CBOR arrays; the first item is the tag:
 *   0 attach   [0, session, secret, attach, ttlMs|null, [watch…], [[user, password]…]]
 *   1 request  [1, seq, ack, operation]
 *   2 read     [2, id, after, linearizable, query]
 *   3 watch    [3, after, watch]
 *   4 unwatch  [4, id]
 *   5 renew    [5, number, [lease…]]
 *   6 ping     [6, number]
 * watch: see `watch-codec.ts`
 */

const writer = new CborWriter();

function writeQuery(query: Query): void {
  switch (query.type) {
    case "get":
      open(0, 2);
      writer.text(query.path);
      return;
    case "exists":
      open(1, 2);
      writer.text(query.path);
      return;
    case "children":
      open(2, 4);
      writer.text(query.path);
      if (query.after === null) writer.null();
      else writer.text(query.after);
      writer.number(query.limit);
      return;
    case "past":
      open(8, 3);
      writer.number(query.revision);
      writeQuery(query.query);
      return;
    case "changes":
      open(9, 4);
      writeChangesQuery(writer, query);
      return;
    case "acl":
      open(10, 2);
      writer.text(query.path);
      return;
    case "budget":
      open(12, 2);
      writer.text(query.path);
      return;
    case "child-nodes":
    case "budgets":
      open(query.type === "budgets" ? 13 : 11, 4);
      writer.text(query.path);
      if (query.after === null) writer.null();
      else writer.text(query.after);
      writer.number(query.limit);
      return;
    case "usage":
      open(5, 2);
      writer.text(query.path);
      return;
    case "sessions":
    case "leases":
      open(query.type === "sessions" ? 6 : 7, 3);
      if (query.after === null) writer.null();
      else writer.text(query.after);
      writer.number(query.limit);
      return;
    case "sync":
      open(3, 1);
      return;
    default:
      open(4, 1);
  }
}

/** An array whose first item is a tag. */
function open(tag: number, items: number): void {
  writer.array(items);
  writer.number(tag);
}

function writeAttach(message: AttachMessage): void {
  open(0, 7);
  writer.text(message.session);
  writer.bytes(message.secret);
  writer.number(message.attach);
  if (message.ttlMs === null) writer.null();
  else writer.number(message.ttlMs);
  writer.array(message.watches.length);
  for (const watch of message.watches) writeWatch(writer, watch);
  writer.array(message.auth.length);
  for (const { user, password } of message.auth) {
    writer.array(2);
    writer.text(user);
    writer.text(password);
  }
}

function write(message: ClientMessage): void {
  switch (message.type) {
    case "attach":
      writeAttach(message);
      return;
    case "request":
      open(1, 4);
      writer.number(message.seq);
      writer.number(message.ack);
      writeOperation(writer, message.operation);
      return;
    case "read":
      open(2, 5);
      writer.number(message.id);
      writer.number(message.after);
      writer.boolean(message.linearizable);
      writeQuery(message.query);
      return;
    case "watch":
      open(3, 3);
      writer.number(message.after);
      writeWatch(writer, message.watch);
      return;
    case "unwatch":
      open(4, 2);
      writer.number(message.id);
      return;
    case "renew":
      open(5, 3);
      writer.number(message.number);
      writer.array(message.leases.length);
      for (const lease of message.leases) writer.text(lease);
      return;
    default:
      open(6, 2);
      writer.number(message.number);
  }
}

/** The frame of a message. It may be above `maxFrameBytes`: the other side would end the channel. */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  writer.begin();
  write(message);
  return writer.finish();
}

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

function readWatches(reader: CborReader): readonly WatchSpec[] {
  const watches = reader.list("watches", wireBounds.watches, readWatch);
  const ids = new Set(watches.map((watch) => watch.id));
  return ids.size === watches.length ? watches : bad("watches: an id appears twice");
}

function readCredential(reader: CborReader): Credential {
  reader.array("credential", 2, 2);
  const user = readName(reader, "user");
  // It is kept before a colon.
  if (user === "" || user.includes(":")) bad("user: expected a name without a colon");
  return { user, password: readName(reader, "password") };
}

function readAttach(reader: CborReader): AttachMessage {
  const session = readId(reader);
  const secret = reader.bytes("secret", 16).slice();
  if (secret.length !== 16) bad("secret: expected 16 bytes");
  const attach = reader.uint("attach number");
  if (attach === 0) bad("attach number: expected at least 1");
  const ttlMs = reader.takeNull() ? null : reader.uint("ttlMs");
  const watches = readWatches(reader);
  const auth = reader.list("auth", wireBounds.credentials, readCredential);
  return { type: "attach", session, secret, attach, ttlMs, watches, auth };
}

function readRequest(reader: CborReader): RequestMessage {
  const seq = reader.uint("seq");
  if (seq === 0) bad("seq: expected at least 1");
  return { type: "request", seq, ack: reader.uint("ack", seq - 1), operation: readOperation(reader) };
}

function readPage(reader: CborReader): { path: string; after: string | null; limit: number } {
  return {
    path: readPath(reader, "path"),
    after: reader.takeNull() ? null : readPath(reader, "after"),
    limit: reader.uint("limit", limits.childrenPage),
  };
}

/** Items of a query, by tag. */
const queryItems = [2, 2, 4, 1, 1, 2, 3, 3, 3, 4, 2, 4, 2, 4];

function readPast(reader: CborReader): Query {
  const revision = reader.uint("revision");
  const items = reader.array("query", 2, 4);
  const tag = reader.uint("query tag", 2);
  expectItems("query", items, queryItems[tag] ?? 0);
  return { type: "past", revision, query: readNodeQuery(reader, tag) };
}

function readNodeQuery(reader: CborReader, tag: number): NodeQuery {
  if (tag === 2) return { type: "children", ...readPage(reader) };
  return { type: tag === 0 ? "get" : "exists", path: readPath(reader, "path") };
}

function readQuery(reader: CborReader): Query {
  const items = reader.array("query", 1, 4);
  const tag = reader.uint("query tag", 13);
  expectItems("query", items, queryItems[tag] ?? 0);
  switch (tag) {
    case 0:
    case 1:
    case 2:
      return readNodeQuery(reader, tag);
    case 8:
      return readPast(reader);
    case 9:
      return readChangesQuery(reader);
    case 10:
      return { type: "acl", path: readPath(reader, "path") };
    case 11:
      return { type: "child-nodes", ...readPage(reader) };
    case 12:
      return { type: "budget", path: readPath(reader, "path") };
    case 13:
      return { type: "budgets", ...readPage(reader) };
    case 5:
      return { type: "usage", path: readPath(reader, "path") };
    case 6: {
      const after = reader.takeNull() ? null : readId(reader);
      return { type: "sessions", after, limit: reader.uint("limit", limits.sessionsPage) };
    }
    case 7: {
      const after = reader.takeNull() ? null : readId(reader);
      return { type: "leases", after, limit: reader.uint("limit", limits.leasesPage) };
    }
    default:
      return { type: tag === 3 ? "sync" : "status" };
  }
}

function readRead(reader: CborReader): ReadMessage {
  return {
    type: "read",
    id: reader.uint("read id"),
    after: reader.uint("after"),
    linearizable: reader.boolean("linearizable"),
    query: readQuery(reader),
  };
}

function readId(reader: CborReader): string {
  return reader.hex("id", idDigits);
}

/** Items of a message, by tag. */
const messageItems = [7, 4, 5, 3, 2, 3, 2];

function readMessage(reader: CborReader, renewed: RenewedList | undefined): ClientMessage {
  const items = reader.array("message", 1, 7);
  const tag = reader.uint("message tag", 6);
  expectItems("message", items, messageItems[tag] ?? 0);
  switch (tag) {
    case 0:
      return readAttach(reader);
    case 1:
      return readRequest(reader);
    case 2:
      return readRead(reader);
    case 3:
      return { type: "watch", after: reader.uint("after"), watch: readWatch(reader) };
    case 4:
      return { type: "unwatch", id: reader.uint("watch id") };
    case 5: {
      const number = reader.uint("number");
      return { type: "renew", number, leases: renewed?.take(reader) ?? readLeases(reader) };
    }
    default:
      return { type: "ping", number: reader.uint("number") };
  }
}

/**
 * Reads a frame from a client. Values alias the frame.
 * @param renewed what that client renewed before; default: nothing that is known
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TOO_LARGE`
 */
export function decodeClientMessage(frame: Uint8Array, renewed?: RenewedList): ClientMessage {
  return readFrame(frame, (reader) => readMessage(reader, renewed));
}
