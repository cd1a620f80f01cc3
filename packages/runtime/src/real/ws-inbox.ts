import type { Socket } from "node:net";

/** A whole binary frame, RFC 6455 section 5.2. */
const wholeBinary = 0x82;
const maskedBit = 0x80;
const maskBytes = 4;
const largestHeaderBytes = 14;
const nothing = Buffer.alloc(0);

/** How many bytes a frame takes, when the header does not say so yet, or when the frame is not for us to judge. */
const unknown = 0;
const foreign = -1;

type DataListener = (this: Socket, chunk: Buffer) => void;

const inbox: unique symbol = Symbol("inbox");

/** What the listener finds its inbox by: a closure for each socket adds up where there are very many. */
interface Owned {
  [inbox]?: WsInbox;
}

function hear(this: Owned, chunk: Buffer): void {
  this[inbox]?.hear(chunk);
}

/** Whoever takes the frames of one socket. */
export interface FrameTaker {
  take(frame: Uint8Array): void;
}

export interface WsInboxOptions {
  /** The other side dialed: its frames are masked. */
  readonly isServer: boolean;
  readonly maxFrameBytes: number;
  readonly taker: FrameTaker;
}

/**
 * Frames off a web socket, for a side that `ws` just opened. A binary frame that arrives whole, not masked or with
 * zeros, is handed over as it is: most of what peers send is that. One that arrives in parts is put together by `ws`.
 * Whatever else comes, `ws` has the socket to itself from there on, and judges it.
 */
export class WsInbox {
  readonly #socket: Socket;
  readonly #theirs: DataListener;
  readonly #isServer: boolean;
  readonly #maxFrameBytes: number;
  readonly #taker: FrameTaker;
  /** Bytes still to come of the frame that `ws` puts together. */
  #left = 0;
  /** The beginning of a header that is not whole; `ws` has it too. */
  #begun: Buffer = nothing;
  /** Payload of the frame that was measured last, bytes. */
  #payload = 0;

  private constructor(
    socket: Socket & Owned,
    theirs: DataListener,
    { isServer, maxFrameBytes, taker }: WsInboxOptions,
  ) {
    this.#socket = socket;
    this.#theirs = theirs;
    this.#isServer = isServer;
    this.#maxFrameBytes = maxFrameBytes;
    this.#taker = taker;
    socket.off("data", theirs);
    socket[inbox] = this;
    socket.on("data", hear);
  }

  /** Reads before `ws`, provided that nothing but one listener of it does so far. */
  static open(socket: Socket, options: WsInboxOptions): WsInbox | null {
    const [theirs, ...others] = socket.listeners("data").filter(isDataListener);
    return theirs === undefined || others.length > 0 ? null : new WsInbox(socket, theirs, options);
  }

  /** Bytes came. */
  hear(chunk: Buffer): void {
    if (this.#begun.length > 0 && !this.#goOn(chunk)) return;
    let at = Math.min(this.#left, chunk.length);
    this.#left -= at;
    if (at > 0) this.#pass(chunk.subarray(0, at));
    while (at < chunk.length) {
      const size = this.#measure(chunk, at);
      if (size === foreign) return this.#handOver(chunk.subarray(at));
      if (size === unknown || at + size > chunk.length) return this.#leave(chunk.subarray(at), size);
      const start = chunk.byteOffset + at + size - this.#payload;
      at += size;
      this.#taker.take(new Uint8Array(chunk.buffer, start, this.#payload));
    }
  }

  /** True when the header that had begun is whole now: then it is known how much of the chunk is left to `ws`. */
  #goOn(chunk: Buffer): boolean {
    const begun = this.#begun;
    const header = Buffer.concat([begun, chunk.subarray(0, largestHeaderBytes)]);
    const size = this.#measure(header, 0);
    this.#begun = size === unknown ? header : nothing;
    if (size > 0) this.#left = size - begun.length;
    else if (size === foreign) this.#handOver(chunk);
    else this.#pass(chunk);
    return size > 0;
  }

  /** A frame is not here to its end. */
  #leave(part: Buffer, size: number): void {
    if (size === unknown) this.#begun = Buffer.from(part);
    else this.#left = size - part.length;
    this.#pass(part);
  }

  #pass(bytes: Buffer): void {
    this.#theirs.call(this.#socket, bytes);
  }

  #handOver(rest: Buffer): void {
    this.#socket.off("data", hear);
    this.#socket.on("data", this.#theirs);
    this.#pass(rest);
  }

  /** How many bytes the frame at `at` takes. */
  #measure(bytes: Buffer, at: number): number {
    const isServer = this.#isServer;
    if (bytes[at] !== wholeBinary) return foreign;
    const second = bytes[at + 1];
    if (second === undefined) return unknown;
    if (second >= maskedBit !== isServer) return foreign;
    const short = second % maskedBit;
    const lengthBytes = extendedBytes(short);
    const header = 2 + lengthBytes + (isServer ? maskBytes : 0);
    if (bytes.length - at < header) return unknown;
    const payload = lengthBytes === 0 ? short : readLength(bytes, at + 2, lengthBytes);
    const isMasked = isServer && bytes.readUInt32BE(at + header - maskBytes) !== 0;
    if (payload > this.#maxFrameBytes || isMasked) return foreign;
    this.#payload = payload;
    return header + payload;
  }
}

function isDataListener(listener: unknown): listener is DataListener {
  return typeof listener === "function";
}

function extendedBytes(short: number): 0 | 2 | 8 {
  if (short < 126) return 0;
  return short === 126 ? 2 : 8;
}

function readLength(bytes: Buffer, at: number, length: 2 | 8): number {
  return length === 2
    ? bytes.readUInt16BE(at)
    : bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
