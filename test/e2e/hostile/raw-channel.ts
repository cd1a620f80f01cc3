import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import type { Channel, ChannelHandler } from "@flotilla/runtime";
import { parseAddress } from "@flotilla/runtime";
import { upgradeRequest, webSocketFrame } from "./frames.ts";

/** A channel over a plain socket whose reading can be stopped, which no well-made channel allows. */
export class RawChannel implements Channel {
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly bufferedBytes: number = 0;
  readonly socket: Socket;
  #handler: ChannelHandler | undefined;
  #upgraded = false;
  #received: Buffer = Buffer.alloc(0);

  constructor(address: string, protocol: string) {
    this.protocol = protocol;
    this.remoteAddress = address;
    this.socket = connectTcp(parseAddress(address));
    this.socket.on("error", () => {});
    this.socket.on("data", (data) => this.#take(data));
    this.socket.once("close", () => this.#handler?.end({ cause: "reset", remote: true, reason: "" }));
    this.socket.write(upgradeRequest(address, protocol));
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  send(frame: Uint8Array): void {
    this.socket.write(webSocketFrame(2, frame));
  }

  close(): void {
    this.socket.destroy();
  }

  #take(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (!this.#upgraded && headEnd === -1) return;
    if (!this.#upgraded) this.#received = this.#received.subarray(headEnd + 4);
    this.#upgraded = true;
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) this.#handler?.message(frame);
  }

  /** A whole frame of a server, which never masks. */
  #next(): Uint8Array | undefined {
    const bytes = this.#received;
    const short = (bytes[1] ?? 0) & 127;
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < head) return undefined;
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    if (bytes.length < head + length) return undefined;
    this.#received = bytes.subarray(head + length);
    return Uint8Array.from(bytes.subarray(head, head + length));
  }
}
