import { CborReader, CborWriter, expectItems, FlotillaError } from "@flotilla/runtime";
import { decodeRun } from "../core/entry-codec.ts";
import type { Message } from "../core/message.ts";
import type { LogId, Term } from "../core/types.ts";
import { brokenRule, maxPayloadBytes } from "./message-rules.ts";
import {
  isSnapshotTransfer,
  readSnapshotOffer,
  readSnapshotTransfer,
  snapshotTags,
  writeSnapshotOffer,
  writeSnapshotTransfer,
} from "./snapshot-codec.ts";
import type { SnapshotTransfer } from "./snapshot-codec.ts";

/** What an application sends beside the protocol. */
interface AppMessage {
  readonly type: "app";
  readonly payload: Uint8Array;
}

/** Everything that travels between two members. */
export type PeerMessage = Message | SnapshotTransfer | AppMessage;

/** Largest frame on a peer link, bytes. */
export const peerMaxFrameBytes: number = 16 << 20;

/** Messages in one frame. */
export const maxFrameMessages: number = 4096;

const maxForwards = 8192;
/** More than any election timeout. */
const maxPledgeMs = 1_200_000;
const maxIdBytes = 64;

/*
 * A frame is an array of messages; a message is a positional array, its tag first. A tag, once given, keeps its
 * meaning; a changed layout takes a new one.
 *   1 pre-vote         [1, term, last.index, last.term, closedLeader|null]
 *   2 pre-vote-reply   [2, term, granted]
 *   3 vote             [3, term, last.index, last.term]
 *   4 vote-reply       [4, term, granted]
 *   5 append           [5, term, prev.index, prev.term, commit, entries]
 *   6 append-reply     [6, term, prevIndex, match|null, [hint.index, hint.term]|null]
 *   7 heartbeat        [7, term, commit, round], round 0: no answer is asked for
 *   8 heartbeat-reply  [8, term, round, pledgeMs]
 *  11 read-request     [11, term, id]
 *  12 read-reply       [12, term, id, index|null]
 *  13 forward          [13, term, firstId, [payload…]]
 *  14 forward-reply    [14, term, firstId, count, firstIndex|null]
 *  15 app              [15, payload]
 *  16 timeout-now      [16, term, last.index, last.term]
 *  17 vote, transfer   [17, term, last.index, last.term]
 *  18 snapshot-offer   [18, term, last.index, last.term, hash, timeMs, [index, configuration], totalBytes]
 *  19 snapshot-reply   [19, term, last.index, last.term, received, done]
 *  20 snapshot-request [20, last.index, last.term, hash, offset, length]
 *  21 snapshot-chunk   [21, last.index, last.term, hash, offset, checksum, bytes]
 *  22 snapshot-refusal [22, last.index, last.term, hash, busy]
 */

const writer = new CborWriter();

/** Encodes one frame: what one turn has to say on one link. An empty frame only shows that the link lives. */
export function encodeFrame(messages: readonly PeerMessage[]): Uint8Array {
  writer.begin();
  writer.array(messages.length);
  for (const message of messages) write(message);
  return writer.finish();
}

/**
 * Decodes and checks a frame from a peer: shapes, bounds, entry checksums, and what no member says in any state.
 * Payloads alias `frame`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeFrame(frame: Uint8Array): PeerMessage[] {
  const reader = new CborReader(frame);
  const messages = reader.list("frame", maxFrameMessages, readChecked);
  reader.end("frame");
  return messages;
}

/** About how many bytes `message` takes in a frame. */
export function messageBytes(message: PeerMessage): number {
  if (message.type === "append") return message.entries.reduce((sum, entry) => sum + entry.frame.length, 64);
  if (message.type === "forward")
    return message.payloads.reduce((sum, payload) => sum + payload.length + 8, 64);
  if (message.type === "snapshot-chunk") return message.bytes.length + 128;
  if (message.type === "snapshot-offer") return 4096;
  return message.type === "app" ? message.payload.length + 16 : 64;
}

/** An array of a tag and so many fields, the first of them the term. */
function open(tag: number, fields: number, term: Term): void {
  writer.array(fields + 1);
  writer.number(tag);
  writer.number(term);
}

function writeLogId(id: LogId): void {
  writer.number(id.index);
  writer.number(id.term);
}

function writeOptional(value: number | null): void {
  if (value === null) writer.null();
  else writer.number(value);
}

function write(message: PeerMessage): void {
  switch (message.type) {
    case "append":
      writeAppend(message);
      return;
    case "append-reply":
      writeAppendReply(message);
      return;
    case "heartbeat":
      open(7, 3, message.term);
      writer.number(message.commit);
      writer.number(message.round);
      return;
    case "heartbeat-reply":
      open(8, 3, message.term);
      writer.number(message.round);
      writer.number(message.pledgeMs);
      return;
    case "forward":
      open(13, 3, message.term);
      writer.number(message.firstId);
      writer.array(message.payloads.length);
      for (const payload of message.payloads) writer.bytes(payload);
      return;
    case "forward-reply":
      open(14, 4, message.term);
      writer.number(message.firstId);
      writer.number(message.count);
      writeOptional(message.firstIndex);
      return;
    case "app":
      writer.array(2);
      writer.number(15);
      writer.bytes(message.payload);
      return;
    default:
      writeSeldom(message);
  }
}

function writeSeldom(message: PeerMessage): void {
  switch (message.type) {
    case "pre-vote":
      open(1, 4, message.term);
      writeLogId(message.last);
      if (message.closedLeader === null) writer.null();
      else writer.text(message.closedLeader);
      return;
    case "pre-vote-reply":
      open(2, 2, message.term);
      writer.boolean(message.granted);
      return;
    case "vote":
      open(message.transfer ? 17 : 3, 3, message.term);
      writeLogId(message.last);
      return;
    case "vote-reply":
      open(4, 2, message.term);
      writer.boolean(message.granted);
      return;
    case "timeout-now":
      open(16, 3, message.term);
      writeLogId(message.last);
      return;
    case "snapshot-offer":
      writeSnapshotOffer(writer, message);
      return;
    case "snapshot-reply":
      open(snapshotTags.reply, 5, message.term);
      writeLogId(message.last);
      writer.number(message.received);
      writer.boolean(message.done);
      return;
    case "read-request":
      open(11, 2, message.term);
      writer.number(message.id);
      return;
    case "read-reply":
      open(12, 3, message.term);
      writer.number(message.id);
      writeOptional(message.index);
      return;
    default:
      if (!isSnapshotTransfer(message)) refuse("unknown type");
      writeSnapshotTransfer(writer, message);
  }
}

/** The entries are the same bytes as on disk, end to end. */
function writeAppend(message: Extract<Message, { type: "append" }>): void {
  open(5, 5, message.term);
  writeLogId(message.prev);
  writer.number(message.commit);
  let length = 0;
  for (const entry of message.entries) length += entry.frame.length;
  writer.byteString(length);
  for (const entry of message.entries) writer.append(entry.frame);
}

function writeAppendReply(message: Extract<Message, { type: "append-reply" }>): void {
  open(6, 4, message.term);
  writer.number(message.prevIndex);
  writeOptional(message.match);
  if (message.hint === null) {
    writer.null();
  } else {
    writer.array(2);
    writeLogId(message.hint);
  }
}

function refuse(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `peer message: ${what}`);
}

/** Fields after the tag, by tag; 0: no such tag. */
const fieldsOf = [0, 4, 2, 3, 2, 5, 4, 3, 3, 0, 0, 2, 3, 3, 4, 1, 3, 3, 7, 5, 5, 6, 4];

function readChecked(reader: CborReader): PeerMessage {
  const message = readMessage(reader);
  if (message.type === "app" || isSnapshotTransfer(message)) return message;
  const broken = brokenRule(message);
  return broken === null ? message : refuse(broken);
}

function readMessage(reader: CborReader): PeerMessage {
  const items = reader.array("message", 1, 16);
  const tag = reader.uint("message tag", fieldsOf.length - 1);
  const fields = fieldsOf[tag] ?? 0;
  if (fields === 0) refuse("unknown tag");
  expectItems("message", items - 1, fields);
  if (tag === 15) return { type: "app", payload: readPayload(reader) };
  if (tag >= snapshotTags.request && tag <= snapshotTags.refusal) return readSnapshotTransfer(reader, tag);
  const term = reader.uint("term");
  switch (tag) {
    case 5:
      return readAppend(reader, term);
    case 6:
      return readAppendReply(reader, term);
    case 7:
      return { type: "heartbeat", term, commit: reader.uint("commit"), round: reader.uint("round") };
    case 8:
      return {
        type: "heartbeat-reply",
        term,
        round: reader.uint("round"),
        pledgeMs: reader.uint("pledge", maxPledgeMs),
      };
    case 13: {
      const firstId = reader.uint("id");
      return { type: "forward", term, firstId, payloads: reader.list("payloads", maxForwards, readPayload) };
    }
    case 14:
      return {
        type: "forward-reply",
        term,
        firstId: reader.uint("id"),
        count: reader.uint("count", maxForwards),
        firstIndex: readOptional(reader, "index"),
      };
    default:
      return readSeldom(reader, tag, term);
  }
}

function readSeldom(reader: CborReader, tag: number, term: Term): PeerMessage {
  switch (tag) {
    case 1: {
      const last = readLogId(reader);
      const closedLeader = reader.takeNothing() ? null : reader.text("closed leader", maxIdBytes);
      return { type: "pre-vote", term, last, closedLeader };
    }
    case 2:
      return { type: "pre-vote-reply", term, granted: reader.boolean("granted") };
    case 3:
      return { type: "vote", term, last: readLogId(reader), transfer: false };
    case 4:
      return { type: "vote-reply", term, granted: reader.boolean("granted") };
    case snapshotTags.offer:
      return readSnapshotOffer(reader, term);
    case snapshotTags.reply: {
      const last = readLogId(reader);
      const received = reader.uint("received");
      return { type: "snapshot-reply", term, last, received, done: reader.boolean("done") };
    }
    case 11:
      return { type: "read-request", term, id: reader.uint("id") };
    case 16:
      return { type: "timeout-now", term, last: readLogId(reader) };
    case 17:
      return { type: "vote", term, last: readLogId(reader), transfer: true };
    default:
      return { type: "read-reply", term, id: reader.uint("id"), index: readOptional(reader, "index") };
  }
}

function readPayload(reader: CborReader): Uint8Array {
  return reader.bytes("payload", maxPayloadBytes);
}

function readOptional(reader: CborReader, what: string): number | null {
  return reader.takeNothing() ? null : reader.uint(what);
}

function readLogId(reader: CborReader): LogId {
  return { index: reader.uint("index"), term: reader.uint("term") };
}

function readAppend(reader: CborReader, term: Term): Message {
  const prev = readLogId(reader);
  const commit = reader.uint("commit");
  const entries = decodeRun(reader.bytes("entries", peerMaxFrameBytes));
  return { type: "append", term, prev, commit, entries };
}

function readAppendReply(reader: CborReader, term: Term): Message {
  const prevIndex = reader.uint("prev");
  const match = readOptional(reader, "match");
  const hint = reader.takeNothing() ? null : readHint(reader);
  return { type: "append-reply", term, prevIndex, match, hint };
}

function readHint(reader: CborReader): LogId {
  reader.array("hint", 2, 2);
  return readLogId(reader);
}
