import type { RemoteInfo, Socket } from "node:dgram";
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Address } from "../address.ts";
import { formatAddress, parseAddress } from "../address.ts";
import { FlotillaError } from "../errors.ts";
import type { Datagrams } from "../network.ts";
import { bindError, boundAddress } from "./bind.ts";
import { lookupOne } from "./lookup.ts";

/** Fits one packet on every usual link. */
const maxMessageBytes = 1200;

class UdpDatagrams implements Datagrams {
  readonly #socket: Socket;
  #address = "";
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, onMessage: (from: string, message: Uint8Array) => void) {
    this.#socket = socket;
    socket.on("message", (message: Buffer, from: RemoteInfo) => {
      if (message.length > maxMessageBytes) return;
      const plain = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
      onMessage(formatAddress({ host: from.address, port: from.port }), plain);
    });
  }

  get address(): string {
    return this.#address;
  }

  async bind(address: string, { host, port }: Address): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once("error", (error) => reject(bindError(address, error)));
      this.#socket.bind({ address: host, port, exclusive: true }, resolve);
    });
    this.#socket.removeAllListeners("error");
    // Datagrams may be lost, so an error of one send or receive is nothing to report.
    this.#socket.on("error", () => {});
    this.#address = boundAddress(this.#socket.address());
  }

  send(to: string, message: Uint8Array): void {
    if (message.length > maxMessageBytes) {
      throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", `a datagram takes at most ${maxMessageBytes} bytes`);
    }
    if (this.#closing !== undefined) return;
    const target = readTarget(to);
    if (target !== undefined) this.#socket.send(message, target.port, target.host, () => {});
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => void this.#socket.close(() => resolve()));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A target comes from other nodes' words: one that is no address is a lost message, not an error. */
function readTarget(to: string): Address | undefined {
  try {
    const target = parseAddress(to);
    return target.port === 0 ? undefined : target;
  } catch {
    return undefined;
  }
}

/**
 * Binds a UDP port.
 * @throws FlotillaError `ERR_FLOTILLA_ADDRESS_IN_USE`, `ERR_FLOTILLA_BAD_ADDRESS`
 */
export async function bindUdp(
  address: string,
  onMessage: (from: string, message: Uint8Array) => void,
): Promise<Datagrams> {
  const parsed = parseAddress(address);
  const type = isIPv6(parsed.host) ? "udp6" : "udp4";
  const datagrams = new UdpDatagrams(createSocket({ type, lookup: lookupOne }), onMessage);
  try {
    await datagrams.bind(address, parsed);
  } catch (error) {
    await datagrams.close();
    throw error;
  }
  return datagrams;
}
