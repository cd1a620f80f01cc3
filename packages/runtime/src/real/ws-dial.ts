import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { formatAddress, parseAddress } from "../address.ts";
import { FlotillaError } from "../errors.ts";
import type { DialOptions } from "../network.ts";
import { wordsOf } from "./error-like.ts";
import { lookupOnce } from "./lookup.ts";
import { WsChannel } from "./ws-channel.ts";
import { sharedOptions } from "./ws-options.ts";

const defaultTimeoutMs = 5000;

function unreachable(address: string, why: string, cause?: unknown): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `cannot reach ${address}: ${why}`, { cause });
}

async function open(address: string, options: DialOptions): Promise<WebSocket> {
  const parsed = parseAddress(address);
  // Loaded when somebody dials: it takes longer than everything else that a client imports.
  const { WebSocket: Socket } = await import("ws");
  options.signal?.throwIfAborted();
  try {
    return new Socket(`ws://${formatAddress(parsed)}/`, [options.protocol], {
      ...sharedOptions,
      maxPayload: options.maxFrameBytes,
      followRedirects: false,
      lookup: lookupOnce,
    });
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `cannot dial ${address}`, { cause });
  }
}

/**
 * Dials over a web socket.
 * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_BAD_ADDRESS`, or `signal.reason`
 */
export async function dialWs(address: string, options: DialOptions): Promise<WsChannel> {
  const { signal, timeoutMs = defaultTimeoutMs } = options;
  signal?.throwIfAborted();
  const ws = await open(address, options);
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    const deadline = setTimeout(
      () => fail(unreachable(address, `no answer within ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    );
    const abort = (): void => fail(signal?.reason);
    function settled(): void {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", abort);
    }
    function fail(reason: unknown): void {
      settled();
      reject(reason);
      ws.terminate();
    }
    signal?.addEventListener("abort", abort, { once: true });
    ws.on("error", (error) => fail(unreachable(address, wordsOf(error), error)));
    ws.once("upgrade", (upgrade) => (response = upgrade));
    ws.once("open", () => {
      if (response === undefined) return fail(unreachable(address, "the upgrade was not answered"));
      settled();
      ws.removeAllListeners("error");
      const { maxFrameBytes } = options;
      resolve(new WsChannel(ws, response.socket, { remoteAddress: address, isClient: true, maxFrameBytes }));
    });
  });
}
