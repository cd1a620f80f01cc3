import { decodeCommand, encodeCommand } from "@flotilla/kv";
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
];
