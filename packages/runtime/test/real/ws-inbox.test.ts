import { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WsInbox } from "../../src/real/ws-inbox.ts";

const maxFrameBytes = 70_000;

/** A frame as RFC 6455 has it. */
function frame(payload: Uint8Array, { first = 0x82, mask }: { first?: number; mask?: number }): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(14);
  const masked = mask === undefined ? 0 : 0x80;
  let end = header.writeUInt8(first);
  if (length < 126) end = header.writeUInt8(masked | length, end);
  else if (length < 65_536) end = header.writeUInt16BE(length, header.writeUInt8(masked | 126, end));
  else end = header.writeBigUInt64BE(BigInt(length), header.writeUInt8(masked | 127, end));
  if (mask === undefined) return Buffer.concat([header.subarray(0, end), payload]);
  const key = Buffer.alloc(4);
  key.writeUInt32BE(mask);
  const hidden = payload.map((byte, k) => byte ^ (key[k % 4] ?? 0));
  return Buffer.concat([header.subarray(0, end), key, hidden]);
}

/** What reads when the inbox does not: it knows frames by their bytes, and keeps what is no whole one. */
class Reader {
  readonly heard: string[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let next = this.#next(); next !== null; next = this.#next()) this.heard.push(next);
  }

  #next(): string | null {
    const [first, second] = this.#bytes;
    if (first === undefined || second === undefined) return null;
    const short = second & 0x7f;
    const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
    const header = 2 + extended + (second >= 128 ? 4 : 0);
    if (this.#bytes.length < header) return null;
    const length =
      extended === 0 ? short : this.#bytes.readUIntBE(2 + Math.max(0, extended - 6), Math.min(extended, 6));
    if (this.#bytes.length < header + length) return null;
    const whole = this.#bytes.subarray(0, header + length);
    this.#bytes = this.#bytes.subarray(header + length);
    const key = second >= 128 ? whole.subarray(header - 4, header) : Buffer.alloc(4);
    const plain = whole.subarray(header).map((byte, k) => byte ^ (key[k % 4] ?? 0));
    return `${first.toString(16)} ${Buffer.from(plain).toString("hex")}`;
  }
}

interface Side {
  readonly socket: Socket;
  /** Frames in the order in which they were heard, by whomever. */
  readonly heard: string[];
  readonly own: () => number;
}

function side(isServer: boolean): Side {
  const socket = new Socket();
  const reader = new Reader();
  let own = 0;
  socket.on("data", (chunk) => reader.read(chunk));
  const take = (payload: Uint8Array): void => {
    own += 1;
    reader.heard.push(`82 ${Buffer.from(payload).toString("hex")}`);
  };
  expect(WsInbox.open(socket, { isServer, maxFrameBytes, taker: { take } })).not.toBeNull();
  return { socket, heard: reader.heard, own: () => own };
}

function hex(payload: Uint8Array, first = 0x82): string {
  return `${first.toString(16)} ${Buffer.from(payload).toString("hex")}`;
}

const sizes = fc.oneof(
  { weight: 8, arbitrary: fc.nat(200) },
  { weight: 1, arbitrary: fc.constantFrom(125, 126, 127, 65_535, 65_536, 66_000) },
);

describe("frames off a socket", () => {
  for (const isServer of [true, false]) {
    test(`arrive in order however they are cut, ${isServer ? "at the server" : "at the client"}`, () => {
      const frames = fc.array(fc.record({ size: sizes, odd: fc.nat(30) }), { minLength: 1, maxLength: 12 });
      fc.assert(
        fc.property(frames, fc.array(fc.nat(1000), { maxLength: 30 }), (described, cuts) => {
          const { socket, heard } = side(isServer);
          const expected: string[] = [];
          const parts = described.map(({ size, odd }, k) => {
            const payload = new Uint8Array(size).fill(k + 1);
            const first = odd === 1 ? 0x89 : odd === 2 ? 0x02 : odd === 3 ? 0x81 : 0x82;
            expected.push(hex(payload, first));
            const mask = isServer ? (odd === 4 ? 0x01020304 : 0) : undefined;
            return frame(payload, mask === undefined ? { first } : { first, mask });
          });
          const all = Buffer.concat(parts);
          const ends = [...cuts.map((cut) => Math.floor((cut / 1000) * all.length)), all.length].toSorted(
            (a, b) => a - b,
          );
          let from = 0;
          for (const end of ends) {
            if (end > from) socket.emit("data", all.subarray(from, end));
            from = end;
          }
          expect(heard).toEqual(expected);
        }),
        { numRuns: 300 },
      );
    });

    test(`byte by byte, ${isServer ? "at the server" : "at the client"}`, () => {
      const { socket, heard, own } = side(isServer);
      const payloads = [3, 126, 0, 300].map((size) => new Uint8Array(size).fill(7));
      const mask = isServer ? { mask: 0 } : {};
      for (const byte of Buffer.concat(payloads.map((payload) => frame(payload, mask))))
        socket.emit("data", Buffer.of(byte));
      expect(heard).toEqual(payloads.map((payload) => hex(payload)));
      expect(own()).toBe(0);
    });
  }

  test("whole ones are not put together by anybody else", () => {
    const { socket, own } = side(false);
    socket.emit("data", Buffer.concat([1, 2, 3].map((size) => frame(new Uint8Array(size), {}))));
    expect(own()).toBe(3);
  });

  test("after anything but a plain binary frame the other reader has the socket", () => {
    for (const odd of [
      frame(new Uint8Array(2), { first: 0x88 }),
      frame(new Uint8Array(2), { first: 0x81 }),
      frame(new Uint8Array(2), { first: 0x02 }),
      frame(new Uint8Array(2), { mask: 0 }),
      frame(new Uint8Array(maxFrameBytes + 1), {}),
    ]) {
      const { socket, heard, own } = side(false);
      socket.emit("data", Buffer.concat([frame(new Uint8Array(1), {}), odd]));
      expect(own()).toBe(1);
      socket.emit("data", frame(new Uint8Array(1), {}));
      expect(own()).toBe(1);
      expect(heard).toHaveLength(3);
    }
  });

  test("are left alone on a socket that more than one listener reads", () => {
    const socket = new Socket();
    const options = { isServer: true, maxFrameBytes, taker: { take: () => {} } };
    expect(WsInbox.open(socket, options)).toBeNull();
    socket.on("data", () => {});
    socket.on("data", () => {});
    expect(WsInbox.open(socket, options)).toBeNull();
    expect(socket.listenerCount("data")).toBe(2);
  });
});
