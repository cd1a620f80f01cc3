import { decodeCommand, decodeResult, encodeCommand, encodeResult } from "@flotilla/kv";
import type { Result, TreeEvent } from "@flotilla/kv";
import type { Message } from "@flotilla/raft";
// Codecs are no part of the packages' faces: a bench looks behind them.
import { decodeClientMessage, encodeClientMessage } from "../../../packages/coord/dist/wire/client-codec.js";
import { decodeServerMessage, encodeServerMessage } from "../../../packages/coord/dist/wire/server-codec.js";
import { decodeEntry, encodeEntry } from "../../../packages/raft/dist/core/entry-codec.js";
import { decodeFrame, encodeFrame } from "../../../packages/raft/dist/transport/message-codec.js";
import type { Micro } from "./measure.ts";
import { filledReplica, pathOf, setCommand } from "./sample-data.ts";

const batch = 1_000;
const entriesOfFrame = 64;
const eventsOfMessage = 16;

function repeated(name: string, of: string, make: () => () => unknown, each = 1): Micro {
  return {
    name,
    of,
    prepare: () => {
      const work = make();
      const calls = Math.ceil(batch / each);
      return {
        operations: calls * each,
        run: () => {
          for (let k = 0; k < calls; k += 1) work();
        },
      };
    },
  };
}

function entryOf(index: number): ReturnType<typeof encodeEntry> {
  const payload = encodeCommand(setCommand(index));
  return encodeEntry({ index, term: 1, timeMs: 1_700_000_000_000, kind: "command", payload });
}

function appendFrame(): readonly Message[] {
  const entries = Array.from({ length: entriesOfFrame }, (_, k) => entryOf(k + 1));
  return [{ type: "append", term: 1, prev: { index: 0, term: 0 }, commit: 0, entries }];
}

/** What a leader gets for a frame of appends, and a follower for one of forwards. */
function replyFrame(): readonly Message[] {
  return [
    { type: "append-reply", term: 1, prevIndex: 100_000, match: 100_064, hint: null },
    { type: "forward-reply", term: 1, firstId: 7_000, count: 8, firstIndex: 100_001 },
  ];
}

function forwardFrame(): readonly Message[] {
  const payloads = Array.from({ length: entriesOfFrame }, (_, k) => encodeCommand(setCommand(k + 1)));
  return [{ type: "forward", term: 1, firstId: 7_000, payloads }];
}

function resultOfSet(): Result {
  const stat = filledReplica().replica.machine.exists(pathOf(1));
  return { ok: true, revision: 100_000, results: [{ ok: true, path: pathOf(1), stat }] };
}

function events(): readonly TreeEvent[] {
  const node = filledReplica().replica.machine.get(pathOf(1));
  return Array.from({ length: eventsOfMessage }, (_, k) => ({
    revision: 100_000 + k,
    ordinal: 0,
    type: "changed",
    path: pathOf(k),
    node,
    previous: node,
    by: null,
    timeMs: 1_700_000_000_000,
  }));
}

/** What the members and clients say, to bytes and back. */
export const codecMicros: readonly Micro[] = [
  repeated("codec, client request, encode", "set of 256 B", () => {
    const { operation } = setCommand(1);
    return () => encodeClientMessage({ type: "request", seq: 2, ack: 1, operation });
  }),
  repeated("codec, client request, decode", "set of 256 B", () => {
    const { operation } = setCommand(1);
    const frame = encodeClientMessage({ type: "request", seq: 2, ack: 1, operation });
    return () => decodeClientMessage(frame);
  }),
  repeated("codec, command, encode", "set of 256 B", () => {
    const command = setCommand(1);
    return () => encodeCommand(command);
  }),
  repeated("codec, command, decode", "set of 256 B", () => {
    const bytes = encodeCommand(setCommand(1));
    return () => decodeCommand(bytes);
  }),
  repeated("codec, result, encode", "result of a set", () => {
    const result = resultOfSet();
    return () => encodeResult(result);
  }),
  repeated("codec, result, decode", "result of a set", () => {
    const bytes = encodeResult(resultOfSet());
    return () => decodeResult(bytes);
  }),
  repeated("codec, answer to a write, encode", "result of a set, encoded before", () => {
    const result = encodeResult(resultOfSet());
    return () => encodeServerMessage({ type: "result", seq: 7, result });
  }),
  repeated("codec, answer to a write, decode", "result of a set, left encoded", () => {
    const frame = encodeServerMessage({ type: "result", seq: 7, result: encodeResult(resultOfSet()) });
    return () => decodeServerMessage(frame);
  }),
  repeated(
    `codec, events, ${eventsOfMessage} a message, encode`,
    "event with a node of 256 B",
    () => {
      const message = { type: "events", previous: false, ids: [1], events: events() } as const;
      return () => encodeServerMessage(message);
    },
    eventsOfMessage,
  ),
  repeated(
    `codec, events, ${eventsOfMessage} a message, decode`,
    "event with a node of 256 B",
    () => {
      const frame = encodeServerMessage({ type: "events", previous: false, ids: [1], events: events() });
      return () => decodeServerMessage(frame);
    },
    eventsOfMessage,
  ),
  repeated("codec, answer to a read, encode", "node of 256 B", () => {
    const node = filledReplica().replica.machine.get(pathOf(1));
    return () =>
      encodeServerMessage({ type: "read-result", id: 1, revision: 7, answer: { type: "node", node } });
  }),
  repeated("codec, answer to a read, decode", "node of 256 B", () => {
    const node = filledReplica().replica.machine.get(pathOf(1));
    const frame = encodeServerMessage({
      type: "read-result",
      id: 1,
      revision: 7,
      answer: { type: "node", node },
    });
    return () => decodeServerMessage(frame);
  }),
  repeated("codec, entry, encode", "command of 256 B, checksum included", () => {
    const payload = encodeCommand(setCommand(1));
    return () => encodeEntry({ index: 1, term: 1, timeMs: 1, kind: "command", payload });
  }),
  repeated("codec, entry, decode", "command of 256 B, checksum included", () => {
    const { frame } = entryOf(1);
    return () => decodeEntry(frame, 0);
  }),
  repeated(
    `codec, peer frame of ${entriesOfFrame}, encode`,
    "entry",
    () => {
      const messages = appendFrame();
      return () => encodeFrame(messages);
    },
    entriesOfFrame,
  ),
  repeated(
    `codec, peer frame of ${entriesOfFrame}, decode`,
    "entry",
    () => {
      const frame = encodeFrame(appendFrame());
      return () => decodeFrame(frame);
    },
    entriesOfFrame,
  ),
  repeated(
    `codec, peer frame of ${entriesOfFrame} forwards, encode`,
    "command of 256 B",
    () => {
      const messages = forwardFrame();
      return () => encodeFrame(messages);
    },
    entriesOfFrame,
  ),
  repeated(
    `codec, peer frame of ${entriesOfFrame} forwards, decode`,
    "command of 256 B",
    () => {
      const frame = encodeFrame(forwardFrame());
      return () => decodeFrame(frame);
    },
    entriesOfFrame,
  ),
  repeated("codec, peer frame of replies, encode", "an append-reply and a forward-reply", () => {
    const messages = replyFrame();
    return () => encodeFrame(messages);
  }),
  repeated("codec, peer frame of replies, decode", "an append-reply and a forward-reply", () => {
    const frame = encodeFrame(replyFrame());
    return () => decodeFrame(frame);
  }),
];
