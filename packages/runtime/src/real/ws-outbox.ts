import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/** A whole binary frame, RFC 6455 section 5.2. */
const wholeBinary = 0x82;
const maskedBit = 0x80;
const maskBytes = 4;
const largestHeaderBytes = 14;
/** Up to here frames are copied into one buffer: cheaper than a list of buffers for the system. */
const joinedBytes = 65_536;

/** Those with something to send at the end of the turn. */
let waiting: WsOutbox[] = [];

function flushAll(): void {
  const outboxes = waiting;
  waiting = [];
  for (const outbox of outboxes) outbox.flush();
}

/**
 * Frames on their way to a web socket. What is sent in one turn leaves in one write; control frames of `ws`
 * may come between.
 */
export class WsOutbox {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #isClient: boolean;
  #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(ws: WebSocket, socket: Socket, isClient: boolean) {
    this.#ws = ws;
    this.#socket = socket;
    this.#isClient = isClient;
  }

  /** Bytes that wait for the end of the turn. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length + largestHeaderBytes;
    if (this.#frames.length > 1) return;
    if (waiting.length === 0) process.nextTick(flushAll);
    waiting.push(this);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }

  flush(): void {
    const frames = this.#frames;
    const bytes = this.#bytes;
    if (frames.length === 0) return;
    this.clear();
    // Nothing may follow a close frame.
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (bytes <= joinedBytes) this.#writeJoined(frames, bytes);
    else this.#writeEach(frames);
  }

  #writeJoined(frames: readonly Uint8Array[], atMost: number): void {
    const joined = Buffer.allocUnsafe(atMost);
    let end = 0;
    for (const frame of frames) {
      end = this.#writeHeader(joined, end, frame.length);
      joined.set(frame, end);
      end += frame.length;
    }
    this.#socket.write(joined.subarray(0, end));
  }

  #writeEach(frames: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const frame of frames) {
      const header = Buffer.allocUnsafe(largestHeaderBytes);
      this.#socket.write(header.subarray(0, this.#writeHeader(header, 0, frame.length)));
      this.#socket.write(frame);
    }
    this.#socket.uncork();
  }

  /** Returns where the payload begins. */
  #writeHeader(into: Buffer, start: number, length: number): number {
    const masked = this.#isClient ? maskedBit : 0;
    let end = into.writeUInt8(wholeBinary, start);
    if (length < 126) {
      end = into.writeUInt8(masked | length, end);
    } else if (length < 65_536) {
      end = into.writeUInt16BE(length, into.writeUInt8(masked | 126, end));
    } else {
      end = into.writeUInt32BE(0, into.writeUInt8(masked | 127, end));
      end = into.writeUInt32BE(length, end);
    }
    if (!this.#isClient) return end;
    // An unpredictable mask protects careless proxies from hostile web pages; here zeros, which change nothing.
    into.fill(0, end, end + maskBytes);
    return end + maskBytes;
  }
}
