import { readExcess, writeExcess } from "@flotilla/kv";
import { CborWriter, expectItems } from "@flotilla/runtime";
import type { CborReader } from "@flotilla/runtime";
import { readAnswer, readCode, readMessageText, writeAnswer } from "./answer-codec.ts";
import { wireBounds } from "./bounds.ts";
import { EventBytes } from "./event-bytes.ts";
import { readFrame } from "./frame.ts";
import type { SnapshotReason } from "../client/api.ts";
import type { AttachedMessage, ServerMessage, SnapshotMessage, ToldEvent } from "./messages.ts";
import {
  readEvent,
  readId,
  readName,
  readNode,
  readPath,
  readToken,
  writeNode,
  writeTexts,
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
 *   6 events       [6, [id…], previous, [event…]]
 *   7 snapshot     [7, id, revision, historyId, reason, [[path, node]…], last]
 *   8 renewed      [8, number, [lease…]]
 *   9 pong         [9, number]
 *  10 bookmark     [10, id, token]
 *  11 watch-refused  [11, id, excess]
 */

const writer = new CborWriter();
const eventBytes = new EventBytes();

const reasons: readonly SnapshotReason[] = ["asked", "compacted", "other-history", "fell-behind"];

/** An array whose first item is a tag. */
function open(tag: number, items: number): void {
  writer.array(items);
  writer.number(tag);
}

function writeAttached(message: AttachedMessage): void {
  open(0, 8);
  writer.number(message.attach);
  writer.number(message.lastSeq);
  writer.number(message.ttlMs);
  writer.text(message.node);
  writer.text(message.historyId);
  writer.number(message.revision);
  writeTexts(writer, message.endpoints);
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
      writeAnswer(writer, message.answer);
      return;
    case "armed":
      open(5, 3);
      writer.number(message.id);
      writeToken(writer, message.token);
      return;
    case "events":
      open(6, 4);
      writer.array(message.ids.length);
      for (const id of message.ids) writer.number(id);
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
    case "watch-refused":
      open(11, 3);
      writer.number(message.id);
      writeExcess(writer, message.excess);
      return;
    case "renewed":
      open(8, 3);
      writer.number(message.number);
      writeTexts(writer, message.refused);
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

function readLeaseId(reader: CborReader): string {
  return readId(reader, "lease");
}

function readWatchId(reader: CborReader): number {
  return reader.uint("watch id");
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
const messageItems = [8, 3, 3, 2, 4, 3, 4, 7, 3, 2, 3, 3];

function readMessage(reader: CborReader): ServerMessage {
  const items = reader.array("message", 1, 8);
  const tag = reader.uint("message tag", 11);
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
      const ids = reader.list("watch ids", wireBounds.watches, readWatchId);
      const previous = reader.boolean("previous");
      const read = (): ToldEvent => readEvent(reader, previous ? "all" : "after");
      return { type: "events", ids, previous, events: reader.list("events", wireBounds.events, read) };
    }
    case 7:
      return readSnapshot(reader);
    case 10:
      return { type: "bookmark", id: reader.uint("watch id"), token: readToken(reader) };
    case 11:
      return { type: "watch-refused", id: reader.uint("watch id"), excess: readExcess(reader) };
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
