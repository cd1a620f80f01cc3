import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Frame } from "./http2-frames.ts";
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

const streamWindowBytes = 1 << 20;
const connectionWindowBytes = 1 << 28;
const firstSendWindowBytes = 65_535;
const messageHeadBytes = 5;

/**
 * Unary gRPC calls on one HTTP/2 connection, at the price of a plain socket: Node's own HTTP/2 costs more
 * for each call than many a server. Response headers are not read: of a unary call, only one that succeeded
 * has a message.
 */
export class GrpcConnection {
  readonly #socket: Socket;
  readonly #authority: string;
  readonly #headers: Map<string, Buffer> = new Map();
  readonly #calls: Map<number, Call> = new Map();
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
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const body = Buffer.allocUnsafe(messageHeadBytes + request.length);
    body.writeUInt8(0, 0);
    body.writeUInt32BE(request.length, 1);
    body.set(request, messageHeadBytes);
    this.#sendWindow -= body.length;
    if (this.#sendWindow < 0) return Promise.reject(new Error("the server takes no more bytes"));
    return new Promise((done, failed) => {
      this.#calls.set(stream, { path, done, failed, answer: null });
      const headers = frame(frameType.headers, flag.endHeaders, stream, this.#headersOf(path));
      this.#socket.write(Buffer.concat([headers, frame(frameType.data, flag.endStream, stream, body)]));
    });
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((done) => this.#socket.once("close", () => done()));
    this.#socket.destroy();
    await closed;
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
        return undefined;
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
    const call = this.#calls.get(stream);
    if (call !== undefined)
      call.answer = call.answer === null ? payload : Buffer.concat([call.answer, payload]);
    if ((flags & flag.endStream) !== 0) this.#finish(stream);
  }

  #finish(stream: number): void {
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
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { failed } of calls) failed(error);
  }
}
