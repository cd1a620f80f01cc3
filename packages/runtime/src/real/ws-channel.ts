import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { cutReason } from "../channel-reason.ts";
import type { Channel, ChannelEnd, ChannelHandler } from "../network.ts";
import type { FrameTaker } from "./ws-inbox.ts";
import { WsInbox } from "./ws-inbox.ts";
import { WsOutbox } from "./ws-outbox.ts";

/** Close codes of RFC 6455. */
const codes = { normal: 1000, noCode: 1005, noFrame: 1006, notText: 1003, tooBig: 1009 } as const;

/** Errors by which a socket says that the other end, or its dying process, went away. */
const goneCodes: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

function plainFrame(data: RawData): Uint8Array {
  const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

export interface WsChannelOptions {
  readonly remoteAddress: string;
  /** This side dialed. */
  readonly isClient: boolean;
  readonly maxFrameBytes: number;
  /** Called once, if `distrust` was called before: by then its bound is lifted. Default: nobody wants to know. */
  readonly onTrusted?: (channel: WsChannel) => void;
  /** Called once, after its handler heard of the end. Default: nobody wants to know. */
  readonly onClosed?: (channel: WsChannel) => void;
}

const owner: unique symbol = Symbol("channel");

/** What listeners find their channel by: there may be very many, and a closure for each listener of each adds up. */
interface Owned {
  [owner]?: WsChannel;
}

function socketFailed(this: Owned, error: Error): void {
  this[owner]?.socketFailed(error);
}

function wsFailed(this: WebSocket & Owned, error: Error): void {
  this[owner]?.failed(error);
}

function wsReceived(this: WebSocket & Owned, data: RawData, isBinary: boolean): void {
  this[owner]?.received(data, isBinary);
}

function wsClosed(this: WebSocket & Owned, code: number, reason: Buffer): void {
  this[owner]?.closed(code, reason);
}

/** A channel over one open web socket. */
export class WsChannel implements Channel, FrameTaker {
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #outbox: WsOutbox;
  #handler: ChannelHandler | undefined;
  /** Why this side ended it, once it did. */
  #ownEnd: ChannelEnd | undefined;
  #socketError: NodeJS.ErrnoException | undefined;
  #isOpen = true;
  #guard: (() => void) | undefined;
  readonly #onTrusted: ((channel: WsChannel) => void) | undefined;
  readonly #onClosed: ((channel: WsChannel) => void) | undefined;

  constructor(ws: WebSocket & Owned, socket: Socket & Owned, options: WsChannelOptions) {
    const { remoteAddress, isClient, maxFrameBytes, onTrusted, onClosed } = options;
    this.protocol = ws.protocol;
    this.remoteAddress = remoteAddress;
    this.#ws = ws;
    this.#socket = socket;
    this.#outbox = new WsOutbox(ws, socket, isClient);
    this.#onTrusted = onTrusted;
    this.#onClosed = onClosed;
    WsInbox.open(socket, { isServer: !isClient, maxFrameBytes, taker: this });
    socket[owner] = this;
    ws[owner] = this;
    socket.on("error", socketFailed);
    ws.on("error", wsFailed);
    ws.on("message", wsReceived);
    ws.on("close", wsClosed);
    ws.pause();
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount + this.#outbox.bytes;
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get hasHandler(): boolean {
    return this.#handler !== undefined;
  }

  handle(handler: ChannelHandler): void {
    this.#handler ??= handler;
    this.#ws.resume();
  }

  send(frame: Uint8Array): void {
    if (this.#isOpen) this.#outbox.push(frame);
  }

  flush(): void {
    this.#outbox.flush();
  }

  close(reason: string = ""): void {
    if (!this.#isOpen) return;
    this.#endOwn({ cause: "closed", remote: false, reason: cutReason(reason) }, codes.normal);
  }

  /** Ends the channel once it took in more than `maxBytes` before `trust`: a frame is kept until it is whole. */
  distrust(maxBytes: number): void {
    const before = this.#socket.bytesRead;
    this.#guard = () => {
      if (!this.#isOpen || this.#socket.bytesRead - before <= maxBytes) return;
      this.#ownEnd = { cause: "oversized", remote: false, reason: "" };
      this.terminate();
    };
    this.#socket.on("data", this.#guard);
  }

  trust(): void {
    if (this.#guard === undefined) return;
    this.#socket.off("data", this.#guard);
    this.#guard = undefined;
    this.#onTrusted?.(this);
  }

  /** Ends it now, and tells only this side why. */
  cut(reason: string): void {
    if (!this.#isOpen) return this.#ws.terminate();
    this.#ownEnd = { cause: "closed", remote: false, reason: cutReason(reason) };
    this.terminate();
  }

  /** Breaks the connection now, without waiting for the other side. */
  terminate(): void {
    this.#isOpen = false;
    this.#outbox.clear();
    this.#ws.terminate();
  }

  take(frame: Uint8Array): void {
    if (this.#isOpen) this.#handler?.message(frame);
  }

  /** The socket told why it goes. */
  socketFailed(error: Error): void {
    this.#socketError ??= error;
  }

  /** A frame that `ws` put together. */
  received(data: RawData, isBinary: boolean): void {
    if (!this.#isOpen) return;
    if (isBinary) this.take(plainFrame(data));
    else
      this.#endOwn(
        { cause: "reset", remote: true, reason: "a text frame came where frames are binary" },
        codes.notText,
      );
  }

  /** `ws` has answered with the matching close code already. */
  failed(error: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#outbox.clear();
    if ("code" in error && error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
      this.#ownEnd = { cause: "oversized", remote: false, reason: "" };
    } else {
      this.#ownEnd = { cause: "reset", remote: true, reason: cutReason(error.message) };
    }
  }

  /** Both are done with each other. */
  closed(code: number, reason: Buffer): void {
    this.#isOpen = false;
    this.#outbox.clear();
    this.#handler?.end(this.#ownEnd ?? this.#remoteEnd(code, reason));
    this.#onClosed?.(this);
  }

  #endOwn(end: ChannelEnd, code: number): void {
    this.#isOpen = false;
    this.#ownEnd = end;
    this.#outbox.flush();
    this.#ws.close(code, end.reason);
    this.#ws.resume();
  }

  #remoteEnd(code: number, reason: Buffer): ChannelEnd {
    if (code === codes.tooBig) return { cause: "oversized", remote: true, reason: "" };
    if (code !== codes.noFrame)
      return { cause: "closed", remote: true, reason: cutReason(reason.toString()) };
    if (this.#socketError === undefined) return { cause: "closed", remote: true, reason: "" };
    return { cause: "reset", remote: goneCodes.has(this.#socketError.code), reason: "" };
  }
}
