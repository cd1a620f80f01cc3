import type { Usage } from "@flotilla/kv";
import { limits, readAcl, readStat, writeAcl, writeStat } from "@flotilla/kv";
import { CborWriter, expectItems, toErrorCode } from "@flotilla/runtime";
import type { CborReader, ErrorCode } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import { EventBytes } from "./event-bytes.ts";
import { readFrame } from "./frame.ts";
import type { SnapshotReason } from "../client/api.ts";
import type { Answer, AttachedMessage, ServerMessage, SnapshotMessage, ToldEvent } from "./messages.ts";
import { readChanges, writeChanges } from "./past-codec.ts";
import { readStatus, writeStatus } from "./status-codec.ts";
import {
  readEvent,
  readName,
  readNode,
  readId,
  readLease,
  readPath,
  readSession,
  readToken,
  writeLease,
  writeNode,
  writeSession,
  writeToken,
} from "./tree-codec.ts";

/*
 * Positional CBOR arrays; the first item is the tag:
 *   0 attached     [0, attach, lastSeq, ttlMs, node, historyId, revision, [endpoint…]]
 *   1 ended        [1, code, message]
 *   2 result       [2, seq, result]
 *   3 resend       [3, from]
 *   4 read-result  [4, id, revision, answer]
 *   5 armed        [5, id, token]
 *   6 events       [6, id, previous, [event…]]
 *   7 snapshot     [7, id, revision, historyId, reason, [[path, node]…], last]
 *   8 renewed      [8, number, [lease…]]
 *   9 pong         [9, number]
 *  10 bookmark     [10, id, token]
 */

const writer = new CborWriter();
const eventBytes = new EventBytes();

const reasons: readonly SnapshotReason[] = ["asked", "compacted", "other-history", "fell-behind"];

/** An array whose first item is a tag. */
function open(tag: number, items: number): void {
  writer.array(items);
  writer.number(tag);
}

function writeTexts(texts: readonly string[]): void {
  writer.array(texts.length);
  for (const text of texts) writer.text(text);
}

function writeAnswer(answer: Answer): void {
  switch (answer.type) {
    case "node":
      open(0, 2);
      if (answer.node === null) writer.null();
      else writeNode(writer, answer.node);
      return;
    case "stat":
      open(1, 2);
      if (answer.stat === null) writer.null();
      else writeStat(writer, answer.stat);
      return;
    case "children":
      open(2, 3);
      if (answer.names === null) writer.null();
      else writeTexts(answer.names);
      if (answer.next === null) writer.null();
      else writer.text(answer.next);
      return;
    case "done":
      open(3, 1);
      return;
    case "sessions":
      open(7, 3);
      writer.array(answer.sessions.length);
      for (const session of answer.sessions) writeSession(writer, session);
      if (answer.next === null) writer.null();
      else writer.text(answer.next);
      return;
    case "leases":
      open(8, 3);
      writer.array(answer.leases.length);
      for (const lease of answer.leases) writeLease(writer, lease);
      if (answer.next === null) writer.null();
      else writer.text(answer.next);
      return;
    case "changes":
      open(9, 4);
      writeChanges(writer, answer);
      return;
    case "compacted":
      open(10, 2);
      writer.number(answer.floor);
      return;
    case "acl":
      open(11, 3);
      if (answer.acl === null) writer.null();
      else writeAcl(writer, answer.acl);
      if (answer.stat === null) writer.null();
      else writeStat(writer, answer.stat);
      return;
    case "usage":
      open(6, 2);
      writeUsage(answer.usage);
      return;
    case "status":
      open(4, 2);
      writeStatus(writer, answer.status);
      return;
    default:
      open(5, 3);
      writer.text(answer.code);
      writer.text(answer.message);
  }
}

function writeUsage(usage: Usage | null): void {
  if (usage === null) {
    writer.null();
    return;
  }
  writer.array(2);
  writer.number(usage.nodes);
  writer.number(usage.bytes);
}

function writeAttached(message: AttachedMessage): void {
  open(0, 8);
  writer.number(message.attach);
  writer.number(message.lastSeq);
  writer.number(message.ttlMs);
  writer.text(message.node);
  writer.text(message.historyId);
  writer.number(message.revision);
  writeTexts(message.endpoints);
}

function writeSnapshot(message: SnapshotMessage): void {
  open(7, 7);
  writer.number(message.id);
  writer.number(message.revision);
  writer.text(message.historyId);
  writer.number(reasons.indexOf(message.reason));
  writer.array(message.nodes.length);
  for (const { path, node } of message.nodes) {
    writer.array(2);
    writer.text(path);
    writeNode(writer, node);
  }
  writer.boolean(message.last);
}

function write(message: ServerMessage): void {
  switch (message.type) {
    case "attached":
      writeAttached(message);
      return;
    case "ended":
      open(1, 3);
      writer.text(message.code);
      writer.text(message.message);
      return;
    case "result":
      open(2, 3);
      writer.number(message.seq);
      writer.bytes(message.result);
      return;
    case "resend":
      open(3, 2);
      writer.number(message.from);
      return;
    case "read-result":
      open(4, 4);
      writer.number(message.id);
      writer.number(message.revision);
      writeAnswer(message.answer);
      return;
    case "armed":
      open(5, 3);
      writer.number(message.id);
      writeToken(writer, message.token);
      return;
    case "events":
      open(6, 4);
      writer.number(message.id);
      writer.boolean(message.previous);
      writer.array(message.events.length);
      for (const event of message.events)
        writer.append(eventBytes.of(event, message.previous ? "all" : "after"));
      return;
    case "snapshot":
      writeSnapshot(message);
      return;
    case "bookmark":
      open(10, 3);
      writer.number(message.id);
      writeToken(writer, message.token);
      return;
    case "renewed":
      open(8, 3);
      writer.number(message.number);
      writeTexts(message.refused);
      return;
    default:
      open(9, 2);
      writer.number(message.number);
  }
}

/** The frame of a message. The sender keeps it within `maxFrameBytes`. */
export function encodeServerMessage(message: ServerMessage): Uint8Array {
  writer.begin();
  write(message);
  return writer.finish();
}

function readCode(reader: CborReader): ErrorCode {
  return toErrorCode(readName(reader, "code"));
}

function readMessageText(reader: CborReader): string {
  return reader.text("message", wireBounds.messageBytes);
}

function readNames(reader: CborReader): readonly string[] {
  return reader.list("names", limits.childrenPage, readPath);
}

function readUsage(reader: CborReader): Usage {
  reader.array("usage", 2, 2);
  return { nodes: reader.uint("nodes"), bytes: reader.uint("bytes") };
}

/** Items of an answer, by tag. */
const answerItems = [2, 2, 3, 1, 2, 3, 2, 3, 3, 4, 2, 3];

function readAnswer(reader: CborReader): Answer {
  const items = reader.array("answer", 1, 4);
  const tag = reader.uint("answer tag", 11);
  expectItems("answer", items, answerItems[tag] ?? 0);
  switch (tag) {
    case 0:
      return { type: "node", node: reader.takeNull() ? null : readNode(reader) };
    case 1:
      return { type: "stat", stat: reader.takeNull() ? null : readStat(reader) };
    case 2: {
      const names = reader.takeNull() ? null : readNames(reader);
      return { type: "children", names, next: reader.takeNull() ? null : readPath(reader, "next") };
    }
    case 3:
      return { type: "done" };
    case 4:
      return { type: "status", status: readStatus(reader) };
    case 7: {
      const sessions = reader.list("sessions", limits.sessionsPage, readSession);
      return { type: "sessions", sessions, next: reader.takeNull() ? null : readId(reader, "next") };
    }
    case 8: {
      const leases = reader.list("leases", limits.leasesPage, readLease);
      return { type: "leases", leases, next: reader.takeNull() ? null : readId(reader, "next") };
    }
    case 9:
      return { type: "changes", ...readChanges(reader) };
    case 10:
      return { type: "compacted", floor: reader.uint("floor") };
    case 11: {
      const acl = reader.takeNull() ? null : readAcl(reader);
      return { type: "acl", acl, stat: reader.takeNull() ? null : readStat(reader) };
    }
    case 6:
      return { type: "usage", usage: reader.takeNull() ? null : readUsage(reader) };
    default:
      return { type: "error", code: readCode(reader), message: readMessageText(reader) };
  }
}

function readLeaseId(reader: CborReader): string {
  return readId(reader, "lease");
}

function readAttached(reader: CborReader): AttachedMessage {
  return {
    type: "attached",
    attach: reader.uint("attach number"),
    lastSeq: reader.uint("lastSeq"),
    ttlMs: reader.uint("ttlMs"),
    node: readName(reader, "node"),
    historyId: readName(reader, "historyId"),
    revision: reader.uint("revision"),
    endpoints: reader.list("endpoints", wireBounds.members, readName),
  };
}

function readSnapshotNode(reader: CborReader): SnapshotMessage["nodes"][number] {
  reader.array("snapshot node", 2, 2);
  return { path: readPath(reader, "path"), node: readNode(reader) };
}

function readSnapshot(reader: CborReader): SnapshotMessage {
  return {
    type: "snapshot",
    id: reader.uint("watch id"),
    revision: reader.uint("revision"),
    historyId: readName(reader, "historyId"),
    reason: reasons[reader.uint("reason", reasons.length - 1)] ?? "compacted",
    nodes: reader.list("nodes", wireBounds.snapshotNodes, readSnapshotNode),
    last: reader.boolean("last"),
  };
}

/** Items of a message, by tag. */
const messageItems = [8, 3, 3, 2, 4, 3, 4, 7, 3, 2, 3];

function readMessage(reader: CborReader): ServerMessage {
  const items = reader.array("message", 1, 8);
  const tag = reader.uint("message tag", 10);
  expectItems("message", items, messageItems[tag] ?? 0);
  switch (tag) {
    case 0:
      return readAttached(reader);
    case 1:
      return { type: "ended", code: readCode(reader), message: readMessageText(reader) };
    case 2:
      return {
        type: "result",
        seq: reader.uint("seq"),
        result: reader.bytes("result", wireBounds.resultBytes),
      };
    case 3:
      return { type: "resend", from: reader.uint("from") };
    case 4:
      return {
        type: "read-result",
        id: reader.uint("read id"),
        revision: reader.uint("revision"),
        answer: readAnswer(reader),
      };
    case 5:
      return { type: "armed", id: reader.uint("watch id"), token: readToken(reader) };
    case 6: {
      const id = reader.uint("watch id");
      const previous = reader.boolean("previous");
      const read = (): ToldEvent => readEvent(reader, previous ? "all" : "after");
      return { type: "events", id, previous, events: reader.list("events", wireBounds.events, read) };
    }
    case 7:
      return readSnapshot(reader);
    case 10:
      return { type: "bookmark", id: reader.uint("watch id"), token: readToken(reader) };
    case 8: {
      const number = reader.uint("number");
      return { type: "renewed", number, refused: reader.list("leases", wireBounds.leases, readLeaseId) };
    }
    default:
      return { type: "pong", number: reader.uint("number") };
  }
}

/**
 * Reads a frame from a server. Values alias the frame.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TOO_LARGE`
 */
export function decodeServerMessage(frame: Uint8Array): ServerMessage {
  return readFrame(frame, readMessage);
}
