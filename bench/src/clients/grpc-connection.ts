import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Frame } from "./http2-frames.ts";
import { GrpcMessages } from "./grpc-messages.ts";
import {
  flag,
  frame,
  FrameSplitter,
  frameType,
  opening,
  requestHeaders,
  windowUpdate,
} from "./http2-frames.ts";

interface Call {
  readonly path: string;
  readonly done: (message: Buffer) => void;
  readonly failed: (error: Error) => void;
  answer: Buffer | null;
}

/** A call whose messages flow both ways until one side ends it. */
export interface GrpcStream {
  send(message: Uint8Array): void;
  /** Idempotent; nothing is heard of it any more. */
  close(): void;
}

/** Who hears what comes on a stream. */
export interface GrpcListener {
  readonly onMessage: (message: Buffer) => void;
  /** Ended by the server, or with the connection. */
  readonly onEnd: (error: Error) => void;
}

interface OpenStream extends GrpcListener {
  readonly path: string;
  readonly messages: GrpcMessages;
  /** Bytes of its window that the server has used. */
  received: number;
}

/** Bytes that wait for the server to take more. */
interface Waiting {
  readonly bytes: number;
  readonly frames: Buffer;
}

const streamWindowBytes = 1 << 20;
const connectionWindowBytes = 1 << 28;
const firstSendWindowBytes = 65_535;
const messageHeadBytes = 5;
const cancelled = Buffer.from([0, 0, 0, 8]);

function enveloped(message: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(messageHeadBytes + message.length);
  body.writeUInt8(0, 0);
  body.writeUInt32BE(message.length, 1);
  body.set(message, messageHeadBytes);
  return body;
}

/**
 * gRPC calls on one HTTP/2 connection, at the price of a plain socket: Node's own HTTP/2 costs more for each call than
 * many a server. Response headers are not read: of a unary call, only one that succeeded has a message. Of windows
 * only the connection's is kept to: what one call or stream sends between two answers is far below its own.
 */
export class GrpcConnection {
  readonly #socket: Socket;
  readonly #authority: string;
  readonly #headers: Map<string, Buffer> = new Map();
  readonly #calls: Map<number, Call> = new Map();
  readonly #streams: Map<number, OpenStream> = new Map();
  #waiting: Waiting[] = [];
  #failure: Error | null = null;
  #nextStream = 1;
  #sendWindow = firstSendWindowBytes;
  #received = 0;

  private constructor(socket: Socket, authority: string) {
    this.#socket = socket;
    this.#authority = authority;
    const splitter = new FrameSplitter((each) => this.#receive(each));
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => splitter.push(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
    socket.write(opening(streamWindowBytes));
    socket.write(windowUpdate(0, connectionWindowBytes));
  }

  /** Connects to a port of loopback. @throws Error */
  static async open(port: number): Promise<GrpcConnection> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((done, failed) => {
      socket.once("connect", done);
      socket.once("error", failed);
    });
    return new GrpcConnection(socket, `127.0.0.1:${port}`);
  }

  /** One call; resolves with the bytes of the answer's message. @throws Error when the server refuses */
  call(path: string, request: Uint8Array): Promise<Buffer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const body = enveloped(request);
    const stream = this.#newStream();
    return new Promise((done, failed) => {
      this.#calls.set(stream, { path, done, failed, answer: null });
      const headers = frame(frameType.headers, flag.endHeaders, stream, this.#headersOf(path));
      const data = frame(frameType.data, flag.endStream, stream, body);
      this.#write({ bytes: body.length, frames: Buffer.concat([headers, data]) });
    });
  }

  /** Begins a call that both sides go on with. @throws Error when the connection has failed */
  stream(path: string, listener: GrpcListener): GrpcStream {
    if (this.#failure !== null) throw this.#failure;
    const stream = this.#newStream();
    const messages = new GrpcMessages(listener.onMessage);
    this.#streams.set(stream, { ...listener, path, messages, received: 0 });
    this.#write({
      bytes: 0,
      frames: frame(frameType.headers, flag.endHeaders, stream, this.#headersOf(path)),
    });
    return {
      send: (message) => {
        const body = enveloped(message);
        this.#write({ bytes: body.length, frames: frame(frameType.data, 0, stream, body) });
      },
      close: () => {
        if (this.#streams.delete(stream))
          this.#write({ bytes: 0, frames: frame(frameType.reset, 0, stream, cancelled) });
      },
    };
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((done) => this.#socket.once("close", () => done()));
    this.#socket.destroy();
    await closed;
  }

  #newStream(): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    return stream;
  }

  #write(next: Waiting): void {
    this.#waiting.push(next);
    this.#flush();
  }

  #flush(): void {
    let next = this.#waiting[0];
    while (next !== undefined && next.bytes <= this.#sendWindow) {
      this.#sendWindow -= next.bytes;
      this.#socket.write(next.frames);
      this.#waiting.shift();
      next = this.#waiting[0];
    }
  }

  #headersOf(path: string): Buffer {
    const known = this.#headers.get(path);
    if (known !== undefined) return known;
    const made = requestHeaders(path, this.#authority);
    this.#headers.set(path, made);
    return made;
  }

  #receive({ type, flags, stream, payload }: Frame): void {
    switch (type) {
      case frameType.data:
        return this.#data(stream, flags, payload);
      case frameType.headers:
        return (flags & flag.endStream) === 0 ? undefined : this.#finish(stream);
      case frameType.reset:
        return this.#finish(stream);
      case frameType.settings:
        if ((flags & flag.acknowledge) === 0)
          this.#socket.write(frame(frameType.settings, flag.acknowledge, 0, new Uint8Array()));
        return undefined;
      case frameType.ping:
        if ((flags & flag.acknowledge) === 0)
          this.#socket.write(frame(frameType.ping, flag.acknowledge, 0, payload));
        return undefined;
      case frameType.windowUpdate:
        if (stream === 0) this.#sendWindow += payload.readUInt32BE();
        return this.#flush();
      case frameType.goAway:
        return this.#fail(new Error("the server goes away"));
      default:
        return undefined;
    }
  }

  #data(stream: number, flags: number, payload: Buffer): void {
    this.#received += payload.length;
    if (this.#received > connectionWindowBytes / 2) {
      this.#socket.write(windowUpdate(0, this.#received));
      this.#received = 0;
    }
    const open = this.#streams.get(stream);
    if (open !== undefined) this.#streamed(stream, open, payload);
    const call = this.#calls.get(stream);
    if (call !== undefined)
      call.answer = call.answer === null ? payload : Buffer.concat([call.answer, payload]);
    if ((flags & flag.endStream) !== 0) this.#finish(stream);
  }

  #streamed(stream: number, open: OpenStream, payload: Buffer): void {
    open.received += payload.length;
    if (open.received > streamWindowBytes / 2) {
      this.#socket.write(windowUpdate(stream, open.received));
      open.received = 0;
    }
    open.messages.push(payload);
  }

  #finish(stream: number): void {
    const open = this.#streams.get(stream);
    this.#streams.delete(stream);
    open?.onEnd(new Error(`the server ended ${open.path}`));
    const call = this.#calls.get(stream);
    if (call === undefined) return;
    this.#calls.delete(stream);
    const { answer } = call;
    if (
      answer === null ||
      answer.length < messageHeadBytes ||
      answer.readUInt32BE(1) !== answer.length - messageHeadBytes
    )
      return call.failed(new Error(`the server refused ${call.path}`));
    return call.done(answer.subarray(messageHeadBytes));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting = [];
    const calls = [...this.#calls.values()];
    const streams = [...this.#streams.values()];
    this.#calls.clear();
    this.#streams.clear();
    for (const { failed } of calls) failed(error);
    for (const { onEnd } of streams) onEnd(error);
  }
}
