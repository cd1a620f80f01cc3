/** The frame types and flags of HTTP/2 (RFC 9113) that a unary call meets. */
export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;
export const flag = { endStream: 1, acknowledge: 1, endHeaders: 4 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const headBytes = 9;
/** Compresses nothing: the server may not either, so that no state is kept at this end. */
const headerTableSize = 1;
const enablePush = 2;
const initialWindowSize = 4;

/** One frame as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(headBytes + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out.writeUInt8(type, 3);
  out.writeUInt8(flags, 4);
  out.writeUInt32BE(stream, 5);
  out.set(payload, headBytes);
  return out;
}

function word(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeUInt32BE(value);
  return out;
}

/** Lets the other side send that many more bytes on a stream, 0 being the whole connection. */
export function windowUpdate(stream: number, bytes: number): Buffer {
  return frame(frameType.windowUpdate, 0, stream, word(bytes));
}

/** What a client says first. `windowBytes`: for each stream. */
export function opening(windowBytes: number): Buffer {
  const settings = [
    [headerTableSize, 0],
    [enablePush, 0],
    [initialWindowSize, windowBytes],
  ].map(([key = 0, value = 0]) => Buffer.concat([Buffer.from([0, key]), word(value)]));
  return Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(frameType.settings, 0, 0, Buffer.concat(settings)),
  ]);
}

function plain(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 126) throw new RangeError("a header is too long to be written in one length byte");
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** The header block of a gRPC request (HPACK, RFC 7541, nothing indexed anew): the same for every call of a method. */
export function requestHeaders(path: string, authority: string): Buffer {
  const post = 0x83;
  const http = 0x86;
  const pathName = 4;
  const authorityName = 1;
  const contentTypeName = [0x0f, 31 - 15];
  return Buffer.concat([
    Buffer.from([post, http, pathName]),
    plain(path),
    Buffer.from([authorityName]),
    plain(authority),
    Buffer.from(contentTypeName),
    plain("application/grpc"),
    Buffer.from([0]),
    plain("te"),
    plain("trailers"),
  ]);
}

/** Takes whole frames out of a byte stream; their payloads alias it. */
export class FrameSplitter {
  readonly #onFrame: (frame: Frame) => void;
  #rest: Buffer | null = null;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#onFrame({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        stream: bytes.readUInt32BE(at + 5) % 2 ** 31,
        payload: bytes.subarray(at + headBytes, end),
      });
      at = end;
    }
    this.#rest = at === bytes.length ? null : bytes.subarray(at);
  }
}
