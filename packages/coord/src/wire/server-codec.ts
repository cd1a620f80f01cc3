import { limits, packStat, unpackStat } from "@flotilla/kv";
import {
  decode,
  encode,
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readList,
  readString,
  readUint,
  toErrorCode,
} from "@flotilla/runtime";
import type { ErrorCode } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import type { Answer, ServerMessage, SnapshotMessage } from "./messages.ts";
import { packStatus, readStatus } from "./status-codec.ts";
import {
  packEvent,
  packNode,
  packToken,
  readEvent,
  readNode,
  readNullable,
  readPath,
  readToken,
} from "./tree-codec.ts";

/*
 * Positional CBOR arrays; the first item is the tag:
 *   0 attached     [0, attach, lastSeq, ttlMs, node, historyId, revision, [endpoint…]]
 *   1 ended        [1, code, message]
 *   2 result       [2, seq, result]
 *   3 resend       [3, from]
 *   4 read-result  [4, id, revision, answer]
 *   5 armed        [5, id, token]
 *   6 events       [6, id, [event…]]
 *   7 snapshot     [7, id, revision, historyId, [[path, node]…], last]
 *   8 renewed      [8, number]
 *   9 pong         [9, number]
 */

function packAnswer(answer: Answer): readonly unknown[] {
  switch (answer.type) {
    case "node":
      return [0, answer.node === null ? null : packNode(answer.node)];
    case "stat":
      return [1, answer.stat === null ? null : packStat(answer.stat)];
    case "children":
      return [2, answer.names, answer.next];
    case "done":
      return [3];
    case "status":
      return [4, packStatus(answer.status)];
    default:
      return [5, answer.code, answer.message];
  }
}

function pack(message: ServerMessage): readonly unknown[] {
  switch (message.type) {
    case "attached":
      return [
        0,
        message.attach,
        message.lastSeq,
        message.ttlMs,
        message.node,
        message.historyId,
        message.revision,
        message.endpoints,
      ];
    case "ended":
      return [1, message.code, message.message];
    case "result":
      return [2, message.seq, message.result];
    case "resend":
      return [3, message.from];
    case "read-result":
      return [4, message.id, message.revision, packAnswer(message.answer)];
    case "armed":
      return [5, message.id, packToken(message.token)];
    case "events":
      return [6, message.id, message.events.map((event) => packEvent(event))];
    case "snapshot":
      return packSnapshot(message);
    case "renewed":
      return [8, message.number];
    default:
      return [9, message.number];
  }
}

function packSnapshot(message: SnapshotMessage): readonly unknown[] {
  const nodes = message.nodes.map(({ path, node }) => [path, packNode(node)]);
  return [7, message.id, message.revision, message.historyId, nodes, message.last];
}

/** The frame of a message. The sender keeps it within `maxFrameBytes`. */
export function encodeServerMessage(message: ServerMessage): Uint8Array {
  return encode(pack(message));
}

function readCode(value: unknown, what: string): ErrorCode {
  return toErrorCode(readString(value, what, wireBounds.nameBytes));
}

function readName(value: unknown, what: string): string {
  return readString(value, what, wireBounds.nameBytes);
}

function readAnswer(value: unknown, what: string): Answer {
  const items = readArray(value, what, 1, 3);
  const tag = readUint(items[0], "answer tag", 5);
  readArray(items, what, ...answerLength(tag));
  switch (tag) {
    case 0:
      return { type: "node", node: readNullable(items[1], "node", readNode) };
    case 1:
      return { type: "stat", stat: readNullable(items[1], "stat", unpackStat) };
    case 2:
      return {
        type: "children",
        names: readNullable(items[1], "names", (names, of) =>
          readList(names, of, limits.childrenPage, readPath),
        ),
        next: readNullable(items[2], "next", readPath),
      };
    case 3:
      return { type: "done" };
    case 4:
      return { type: "status", status: readStatus(items[1]) };
    default:
      return {
        type: "error",
        code: readCode(items[1], "code"),
        message: readString(items[2], "message", wireBounds.messageBytes),
      };
  }
}

function answerLength(tag: number): [number, number] {
  const length = tag === 3 ? 1 : tag === 2 || tag === 5 ? 3 : 2;
  return [length, length];
}

function readAttached(items: readonly unknown[]): ServerMessage {
  readArray(items, "attached", 8, 8);
  return {
    type: "attached",
    attach: readUint(items[1], "attach number"),
    lastSeq: readUint(items[2], "lastSeq"),
    ttlMs: readUint(items[3], "ttlMs"),
    node: readName(items[4], "node"),
    historyId: readName(items[5], "historyId"),
    revision: readUint(items[6], "revision"),
    endpoints: readList(items[7], "endpoints", wireBounds.members, readName),
  };
}

function readSnapshot(items: readonly unknown[]): ServerMessage {
  readArray(items, "snapshot", 6, 6);
  return {
    type: "snapshot",
    id: readUint(items[1], "watch id"),
    revision: readUint(items[2], "revision"),
    historyId: readName(items[3], "historyId"),
    nodes: readList(items[4], "nodes", wireBounds.snapshotNodes, (item, what) => {
      const pair = readArray(item, what, 2, 2);
      return { path: readPath(pair[0], "path"), node: readNode(pair[1], "node") };
    }),
    last: readBoolean(items[5], "last"),
  };
}

/**
 * Reads a frame from a server. Values alias the frame.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TOO_LARGE`
 */
export function decodeServerMessage(frame: Uint8Array): ServerMessage {
  if (frame.length > wireBounds.frameBytes) {
    throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", `the frame is above ${wireBounds.frameBytes} bytes`);
  }
  const items = readArray(decode(frame), "message", 1, 8);
  const tag = readUint(items[0], "message tag", 9);
  if (tag === 0) return readAttached(items);
  if (tag === 7) return readSnapshot(items);
  const length = tag === 4 ? 4 : tag === 3 || tag >= 8 ? 2 : 3;
  return readSmall(tag, readArray(items, "message", length, length));
}

function readSmall(tag: number, items: readonly unknown[]): ServerMessage {
  switch (tag) {
    case 1:
      return {
        type: "ended",
        code: readCode(items[1], "code"),
        message: readString(items[2], "message", wireBounds.messageBytes),
      };
    case 2:
      return {
        type: "result",
        seq: readUint(items[1], "seq"),
        result: readBytes(items[2], "result", wireBounds.resultBytes),
      };
    case 3:
      return { type: "resend", from: readUint(items[1], "from") };
    case 4:
      return {
        type: "read-result",
        id: readUint(items[1], "read id"),
        revision: readUint(items[2], "revision"),
        answer: readAnswer(items[3], "answer"),
      };
    case 5:
      return { type: "armed", id: readUint(items[1], "watch id"), token: readToken(items[2], "token") };
    case 6:
      return {
        type: "events",
        id: readUint(items[1], "watch id"),
        events: readList(items[2], "events", wireBounds.events, readEvent),
      };
    default:
      return { type: tag === 8 ? "renewed" : "pong", number: readUint(items[1], "number") };
  }
}
