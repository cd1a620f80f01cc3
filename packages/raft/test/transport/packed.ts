import { encodeConfiguration } from "../../src/core/config/config-codec.ts";
import { encodeRun } from "../../src/core/entry-codec.ts";
import type { LogId } from "../../src/core/types.ts";
import type { PeerMessage } from "../../src/transport/message-codec.ts";

function idOf({ index, term }: LogId): [number, number] {
  return [index, term];
}

function packed(message: PeerMessage): unknown[] {
  switch (message.type) {
    case "pre-vote":
      return [1, message.term, ...idOf(message.last), message.closedLeader];
    case "pre-vote-reply":
      return [2, message.term, message.granted];
    case "vote":
      return [message.transfer ? 17 : 3, message.term, ...idOf(message.last)];
    case "vote-reply":
      return [4, message.term, message.granted];
    case "append":
      return [5, message.term, ...idOf(message.prev), message.commit, encodeRun(message.entries)];
    case "append-reply": {
      const hint = message.hint === null ? null : idOf(message.hint);
      return [6, message.term, message.prevIndex, message.match, hint];
    }
    case "heartbeat":
      return [7, message.term, message.commit, message.round];
    case "heartbeat-reply":
      return [8, message.term, message.round, message.pledgeMs];
    case "snapshot-offer": {
      const { term, last, hash, timeMs, configuration, totalBytes } = message;
      const config = [configuration.index, encodeConfiguration(configuration)];
      return [18, term, ...idOf(last), Buffer.from(hash, "hex"), timeMs, config, totalBytes];
    }
    case "snapshot-reply":
      return [19, message.term, ...idOf(message.last), message.received, message.done];
    case "snapshot-request": {
      const { last, hash, offset, length } = message;
      return [20, ...idOf(last), Buffer.from(hash, "hex"), offset, length];
    }
    case "snapshot-chunk": {
      const { last, hash, offset, checksum, bytes } = message;
      return [21, ...idOf(last), Buffer.from(hash, "hex"), offset, checksum, bytes];
    }
    case "snapshot-refusal":
      return [22, ...idOf(message.last), Buffer.from(message.hash, "hex"), message.reason === "busy"];
    case "read-request":
      return [11, message.term, message.id];
    case "read-reply":
      return [12, message.term, message.id, message.index];
    case "forward":
      return [13, message.term, message.firstId, message.payloads];
    case "forward-reply":
      return [14, message.term, message.firstId, message.count, message.firstIndex];
    case "timeout-now":
      return [16, message.term, ...idOf(message.last)];
    default:
      return [15, message.payload];
  }
}

/** The layouts as plain positional values: encoded with the general encoder, they are the bytes that the codec writes. */
export function packedFrame(messages: readonly PeerMessage[]): unknown[] {
  return messages.map(packed);
}
