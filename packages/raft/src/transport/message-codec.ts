import {
  decode,
  encode,
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readList,
  readOptionalString,
  readOptionalUint,
  readUint,
} from "@flotilla/runtime";
import { decodeConfiguration, encodeConfiguration } from "../core/config-codec.ts";
import type { Configuration } from "../core/config.ts";
import { decodeRun, encodeRun } from "../core/entry-codec.ts";
import type { Entry } from "../core/entry.ts";
import type { Message } from "../core/message.ts";
import type { LogId, Term } from "../core/types.ts";

/** What an application sends beside the protocol. */
interface AppMessage {
  readonly type: "app";
  readonly payload: Uint8Array;
}

/** Everything that travels between two members. */
export type PeerMessage = Message | AppMessage;

/** Largest frame on a peer link, bytes. */
export const peerMaxFrameBytes: number = 16 << 20;

/** Messages in one frame. */
export const maxFrameMessages: number = 4096;

const maxForwards = 8192;
const maxConfigBytes = 1 << 16;
const maxIdBytes = 64;
const maxUint32 = 0xffff_ffff;

type Tag = keyof typeof readers;
type Items = readonly unknown[];

// A tag, once given, keeps its meaning; a changed layout takes a new one.
const tags: Readonly<Record<PeerMessage["type"], Tag>> = {
  "pre-vote": 1,
  "pre-vote-reply": 2,
  vote: 3,
  "vote-reply": 4,
  append: 5,
  "append-reply": 6,
  heartbeat: 7,
  "heartbeat-reply": 8,
  "snapshot-chunk": 9,
  "snapshot-reply": 10,
  "read-request": 11,
  "read-reply": 12,
  forward: 13,
  "forward-reply": 14,
  app: 15,
};

/** Encodes one frame: what one turn has to say on one link. An empty frame only shows that the link lives. */
export function encodeFrame(messages: readonly PeerMessage[]): Uint8Array {
  return encode(messages.map((message) => [tags[message.type], ...writeFields(message)]));
}

/**
 * Decodes and checks a frame from a peer: shapes, bounds, entry checksums, and that entries follow `prev`.
 * Payloads alias `frame`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeFrame(frame: Uint8Array): PeerMessage[] {
  return readList(decode(frame), "frame", maxFrameMessages, readMessage);
}

/** About how many bytes `message` takes in a frame. */
export function messageBytes(message: PeerMessage): number {
  if (message.type === "append") return message.entries.reduce((sum, entry) => sum + entry.frame.length, 64);
  if (message.type === "forward")
    return message.payloads.reduce((sum, payload) => sum + payload.length + 8, 64);
  if (message.type === "snapshot-chunk") return message.bytes.length + 4096;
  return message.type === "app" ? message.payload.length + 16 : 64;
}

function writeFields(message: PeerMessage): unknown[] {
  switch (message.type) {
    case "app":
      return [message.payload];
    case "pre-vote":
      return [message.term, message.last.index, message.last.term, message.closedLeader];
    case "vote":
      return [message.term, message.last.index, message.last.term];
    case "pre-vote-reply":
    case "vote-reply":
      return [message.term, message.granted];
    case "append": {
      const { term, prev, commit, entries } = message;
      return [term, prev.index, prev.term, commit, encodeRun(entries)];
    }
    case "append-reply": {
      const { term, prevIndex, match, hint } = message;
      return [term, prevIndex, match, hint === null ? null : [hint.index, hint.term]];
    }
    case "heartbeat":
      return [message.term, message.commit, message.round];
    case "heartbeat-reply":
      return [message.term, message.round];
    case "snapshot-chunk": {
      const { term, last, timeMs, configuration, offset, totalBytes, checksum, bytes } = message;
      const config = [configuration.index, encodeConfiguration(configuration)];
      return [term, last.index, last.term, timeMs, config, offset, totalBytes, checksum, bytes];
    }
    case "snapshot-reply":
      return [message.term, message.last.index, message.last.term, message.received];
    case "read-request":
      return [message.term, message.id];
    case "read-reply":
      return [message.term, message.id, message.index];
    case "forward":
      return [message.term, message.firstId, message.payloads];
    case "forward-reply":
      return [message.term, message.firstId, message.count, message.firstIndex];
    default:
      return refuse("unknown type");
  }
}

function refuse(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `peer message: ${what}`);
}

function readMessage(value: unknown): PeerMessage {
  const [tag, ...items] = readArray(value, "message", 1, 16);
  return isTag(tag) ? readers[tag](items) : refuse("unknown tag");
}

function isTag(value: unknown): value is Tag {
  return typeof value === "number" && Object.hasOwn(readers, value);
}

const readers = {
  1: (items: Items): Message => {
    const [, , , closedLeader] = fields(items, 4);
    const leader = readOptionalString(closedLeader, "closed leader", maxIdBytes) ?? null;
    return { type: "pre-vote", term: readTerm(items), last: readLogId(items, 1), closedLeader: leader };
  },
  2: (items: Items): Message => {
    const [, granted] = fields(items, 2);
    return { type: "pre-vote-reply", term: readTerm(items), granted: readBoolean(granted, "granted") };
  },
  3: (items: Items): Message => {
    fields(items, 3);
    return { type: "vote", term: readTerm(items), last: readLogId(items, 1) };
  },
  4: (items: Items): Message => {
    const [, granted] = fields(items, 2);
    return { type: "vote-reply", term: readTerm(items), granted: readBoolean(granted, "granted") };
  },
  5: readAppend,
  6: (items: Items): Message => {
    const [, prevIndex, match, hint] = fields(items, 4);
    const reply = {
      type: "append-reply",
      term: readTerm(items),
      prevIndex: readUint(prevIndex, "prev"),
    } as const;
    const accepted = readOptionalUint(match, "match") ?? null;
    if ((accepted === null) !== Array.isArray(hint)) refuse("an append reply either matches or hints");
    return {
      ...reply,
      match: accepted,
      hint: Array.isArray(hint) ? readLogId(readArray(hint, "hint", 2, 2), 0) : null,
    };
  },
  7: (items: Items): Message => {
    const [, commit, round] = fields(items, 3);
    return {
      type: "heartbeat",
      term: readTerm(items),
      commit: readUint(commit, "commit"),
      round: readUint(round, "round"),
    };
  },
  8: (items: Items): Message => {
    const [, round] = fields(items, 2);
    return { type: "heartbeat-reply", term: readTerm(items), round: readUint(round, "round") };
  },
  9: readSnapshotChunk,
  10: (items: Items): Message => {
    const [, , , received] = fields(items, 4);
    return {
      type: "snapshot-reply",
      term: readTerm(items),
      last: readLogId(items, 1),
      received: readUint(received, "received"),
    };
  },
  11: (items: Items): Message => {
    const [, id] = fields(items, 2);
    return { type: "read-request", term: readTerm(items), id: readUint(id, "id") };
  },
  12: (items: Items): Message => {
    const [, id, index] = fields(items, 3);
    return {
      type: "read-reply",
      term: readTerm(items),
      id: readUint(id, "id"),
      index: readOptionalUint(index, "index") ?? null,
    };
  },
  13: (items: Items): Message => {
    const [, firstId, list] = fields(items, 3);
    const payloads = readList(list, "payloads", maxForwards, (item) =>
      readBytes(item, "payload", peerMaxFrameBytes),
    );
    return { type: "forward", term: readTerm(items), firstId: readUint(firstId, "id"), payloads };
  },
  14: (items: Items): Message => {
    const [, firstId, count, firstIndex] = fields(items, 4);
    return {
      type: "forward-reply",
      term: readTerm(items),
      firstId: readUint(firstId, "id"),
      count: readUint(count, "count", maxForwards),
      firstIndex: readOptionalUint(firstIndex, "index") ?? null,
    };
  },
  15: (items: Items): AppMessage => {
    const [payload] = fields(items, 1);
    return { type: "app", payload: readBytes(payload, "payload", peerMaxFrameBytes) };
  },
} as const;

function readAppend(items: Items): Message {
  const [, , , commit, blob] = fields(items, 5);
  const term = readTerm(items);
  const prev = readLogId(items, 1);
  const entries = decodeRun(readBytes(blob, "entries", peerMaxFrameBytes));
  requireFollows(term, prev, entries);
  return { type: "append", term, prev, commit: readUint(commit, "commit"), entries };
}

function requireFollows(term: Term, prev: LogId, entries: readonly Entry[]): void {
  const first = entries[0];
  if (prev.term > term) refuse("an append from a term below its log");
  if (first === undefined) return;
  if (first.index !== prev.index + 1 || first.term < prev.term) refuse("the entries do not follow");
  if ((entries.at(-1)?.term ?? 0) > term) refuse("an entry from a term to come");
  for (const { kind, payload, index } of entries) if (kind === "config") decodeConfiguration(payload, index);
}

function readSnapshotChunk(items: Items): Message {
  const [, , , timeMs, config, offset, totalBytes, checksum, bytes] = fields(items, 9);
  const last = readLogId(items, 1);
  const chunk = readBytes(bytes, "chunk", peerMaxFrameBytes);
  const total = readUint(totalBytes, "size");
  const at = readUint(offset, "offset", total);
  if (at + chunk.length > total || (chunk.length === 0 && total > 0))
    refuse("a chunk outside of its snapshot");
  return {
    type: "snapshot-chunk",
    term: readTerm(items),
    last,
    timeMs: readUint(timeMs, "time"),
    configuration: readConfiguration(config, last),
    offset: at,
    totalBytes: total,
    checksum: readUint(checksum, "checksum", maxUint32),
    bytes: chunk,
  };
}

function readConfiguration(value: unknown, last: LogId): Configuration {
  const [index, payload] = readArray(value, "configuration", 2, 2);
  return decodeConfiguration(
    readBytes(payload, "configuration", maxConfigBytes),
    readUint(index, "index", last.index),
  );
}

function fields(items: Items, count: number): Items {
  return readArray(items, "message", count, count);
}

function readTerm(items: Items): Term {
  return readUint(items[0], "term");
}

function readLogId(items: Items, at: number): LogId {
  return { index: readUint(items[at], "index"), term: readUint(items[at + 1], "term") };
}
