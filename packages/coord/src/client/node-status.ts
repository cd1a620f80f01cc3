import type { Channel, ChannelHandler } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { encodeClientMessage } from "../wire/client-codec.ts";
import { decodeServerMessage } from "../wire/server-codec.ts";
import type { NodeStatus } from "./api.ts";
import { callLimits, Wait } from "./call.ts";
import type { ConnectOptions } from "./options.ts";
import { reachOf, requireConnectOptions } from "./reach.ts";

const defaultTimeoutMs = 5_000;

/**
 * What the first server that answers says of itself. Opens no session and needs no quorum. `connectTimeoutMs`
 * bounds each try, default 5,000.
 * @throws FlotillaError as `connect` does, but never `ERR_FLOTILLA_NO_QUORUM`
 */
export async function nodeStatus(options: ConnectOptions): Promise<NodeStatus> {
  requireConnectOptions(options);
  const timeoutMs = options.connectTimeoutMs ?? defaultTimeoutMs;
  const { host, dialer } = reachOf(options, timeoutMs);
  const signal = options.signal ?? new AbortController().signal;
  for (let left = dialer.choices; ; left -= 1) {
    const limits = callLimits({ timeoutMs, signal }, timeoutMs);
    const wait = new Wait<NodeStatus>(host.clock, limits, "status", () => false);
    wait.promise.catch(() => {});
    try {
      await dialer.dial((channel) => asking(channel, wait), signal);
      return await wait.promise;
    } catch (error) {
      if (left <= 1 || signal.aborted) throw error;
    }
  }
}

function asking(channel: Channel, wait: Wait<NodeStatus>): ChannelHandler {
  const query = { type: "read", id: 1, after: 0, linearizable: false, query: { type: "status" } } as const;
  channel.send(encodeClientMessage(query));
  void wait.promise.finally(() => channel.close()).catch(() => {});
  return {
    message: (frame) => {
      try {
        const message = decodeServerMessage(frame);
        if (message.type === "read-result" && message.answer.type === "status") {
          wait.resolve(message.answer.status);
        }
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
        wait.reject(error);
      }
    },
    end: ({ cause }) =>
      wait.reject(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `the connection ended: ${cause}`)),
  };
}
