import { FlotillaError } from "@flotilla/runtime";
import type { Port } from "../ports/port.ts";
import type { ClientMessage } from "../wire/messages.ts";
import type { NodeStatus } from "./status-api.ts";
import { callLimits, PlainWait } from "./call.ts";
import { Deadlines } from "./deadlines.ts";
import type { ClientPortHandler } from "./dialer.ts";
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
  for (let tries = 1; ; tries += 1) {
    const limits = callLimits({ timeoutMs, signal }, timeoutMs);
    const deadlines = new Deadlines(host.clock);
    const wait = new PlainWait<NodeStatus>(deadlines, limits, "status");
    wait.promise.catch(() => {});
    try {
      await dialer.dial((port) => asking(port, wait), signal);
      return await wait.promise;
    } catch (error) {
      // Aborted, it says so, whatever the dial made of that.
      if (signal.aborted) return await wait.promise;
      if (tries >= dialer.choices) throw error;
    } finally {
      deadlines.stop();
    }
  }
}

function asking(port: Port<ClientMessage>, wait: PlainWait<NodeStatus>): ClientPortHandler {
  port.send({ type: "read", id: 1, after: 0, linearizable: false, query: { type: "status" } });
  void wait.promise.finally(() => port.close()).catch(() => {});
  return {
    message: (message) => {
      if (message.type !== "read-result" || message.answer.type !== "status") return;
      wait.resolve(message.answer.status);
    },
    garbled: (error) => {
      if (!FlotillaError.is(error)) throw error;
      wait.reject(error);
    },
    end: ({ cause }) =>
      wait.reject(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `the connection ended: ${cause}`)),
  };
}
