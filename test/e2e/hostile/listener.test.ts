import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect } from "@flotilla/coord";
import { encode, parseAddress, silentLogger } from "@flotilla/runtime";
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from "vitest";
import { encodeHello, encodeRefusal } from "../../../packages/runtime/src/handshake/frames.ts";
import { clientProtocol } from "../../../packages/coord/src/wire/messages.ts";
import type { Calm } from "./lone-member.ts";
import { cluster, eventually, LoneMember, rejection, secret } from "./lone-member.ts";
import { shout, upgradeRequest, webSocketFrame } from "./frames.ts";
import { random, Wire } from "./wire.ts";

let member: LoneMember;
let before: Calm;
const limitMs = 60_000;

beforeAll(async () => {
  member = await LoneMember.start("listener");
}, limitMs);
afterAll(async () => {
  await member[Symbol.asyncDispose]();
});
beforeEach(() => {
  before = member.calm();
});
afterEach(async () => {
  await member.expectUnharmed(before);
}, limitMs);

function hello(
  more: { readonly cluster?: string; readonly minVersion?: number; readonly maxVersion?: number } = {},
): Uint8Array {
  const identity = encode(null);
  return encodeHello({ minVersion: 1, maxVersion: 1, cluster, identity, nonce: random.bytes(32), ...more });
}

/** The code of the refusal in the last frame. */
async function refusal(wire: Wire): Promise<unknown> {
  await wire.ended;
  const last = wire.frames.at(-1) ?? new Uint8Array(0);
  const text = Buffer.from(last).toString("latin1");
  return /ERR_FLOTILLA_[A-Z_]+/.exec(text)?.[0];
}

test(
  "garbage instead of HTTP is answered with 400 and the connection ends",
  async () => {
    expect(await shout(member.address, randomBytes(4_096))).toMatch(/^HTTP\/1\.1 400 |^$/);
    expect(await shout(member.address, "EHLO you\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  },
  limitMs,
);

test(
  "plain HTTP is told to upgrade",
  async () => {
    for (const method of ["GET", "POST"]) {
      const response = await fetch(`http://${member.address}/`, { method });
      expect(response.status).toBe(426);
      await response.arrayBuffer();
    }
  },
  limitMs,
);

test(
  "headers without end are cut off",
  async () => {
    const endless = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(100_000)}`;
    expect(await shout(member.address, endless)).toMatch(/^HTTP\/1\.1 431 |^$/);
  },
  limitMs,
);

test(
  "another subprotocol, several or none are refused",
  async () => {
    for (const protocol of ["chat", `${clientProtocol}, chat`, "flotilla-peer-control-2"]) {
      expect(await shout(member.address, upgradeRequest(member.address, protocol))).toMatch(
        /^HTTP\/1\.1 400 /,
      );
    }
    const none = upgradeRequest(member.address, "x").replace(/Sec-WebSocket-Protocol: x\r\n/, "");
    expect(await shout(member.address, none)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await rejection(Wire.dial(member.address, "chat"))).toMatchObject({
      code: "ERR_FLOTILLA_UNREACHABLE",
    });
  },
  limitMs,
);

/** A close frame, of whatever length, behind the answer to the upgrade. */
const closeFrame = /\r\n\r\n[^]*\u0088[^]([^]{2})/;

/** The close code of RFC 6455 with which the server ended a web socket on which `frame` was said. */
async function closeCode(frame: Uint8Array): Promise<number | undefined> {
  const request = Buffer.from(upgradeRequest(member.address, clientProtocol));
  const said = Buffer.concat([request, frame]);
  const heard = await shout(member.address, said, (so) => closeFrame.test(so));
  const [, code] = closeFrame.exec(heard) ?? [];
  return code === undefined ? undefined : Buffer.from(code, "latin1").readUInt16BE();
}

test(
  "text frames, reserved opcodes and unmasked frames end the web socket with the matching code",
  async () => {
    expect(await closeCode(webSocketFrame(1, Buffer.from("hello")))).toBe(1003);
    expect(await closeCode(webSocketFrame(3, Buffer.from("hello")))).toBe(1002);
    expect(await closeCode(Uint8Array.of(0x82, 3, 1, 2, 3))).toBe(1002);
  },
  limitMs,
);

test(
  "a frame that claims more than the limit ends at its head, before its bytes are kept",
  async () => {
    expect(await closeCode(webSocketFrame(2, new Uint8Array(0), 2 ** 40))).toBe(1009);
    expect(await closeCode(webSocketFrame(2, new Uint8Array(0), (16 << 20) + 1))).toBe(1009);
  },
  limitMs,
);

test(
  "a stranger's frame is not kept until it is whole when it is longer than any handshake",
  async () => {
    const request = Buffer.from(upgradeRequest(member.address, clientProtocol));
    const most = webSocketFrame(2, new Uint8Array(200_000), 1_000_000);
    expect(await shout(member.address, Buffer.concat([request, most]))).toMatch(/^HTTP\/1\.1 101 /);
  },
  limitMs,
);

const badOpenings: readonly (readonly [string, () => Uint8Array])[] = [
  ["no bytes", () => new Uint8Array(0)],
  ["random bytes", () => randomBytes(100)],
  ["a cut hello", () => hello().subarray(0, -5)],
  ["a hello with a tail", () => Buffer.concat([hello(), Uint8Array.of(0)])],
  ["CBOR nested without end", () => new Uint8Array(4_000).fill(0x81)],
  ["a CBOR array that claims 2^32 items", () => Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff)],
  ["a CBOR text that claims 2^31 bytes", () => Uint8Array.of(0x7a, 0x7f, 0xff, 0xff, 0xff)],
  ["an indefinite array", () => Uint8Array.of(0x9f, 0x01, 0xff)],
  ["a tag", () => Uint8Array.of(0xc1, 0x00)],
  ["a map with __proto__", () => encode(JSON.parse('{"__proto__":{"x":1}}'))],
  ["another type of frame", () => encode([3, new Uint8Array(32)])],
  ["an unknown type of frame", () => encode([77])],
  ["a version that is no number", () => encode([1, "1", 1, cluster, encode(null), random.bytes(32)])],
  ["a version below zero", () => encode([1, -1, 1, cluster, encode(null), random.bytes(32)])],
  ["a short nonce", () => encode([1, 1, 1, cluster, encode(null), random.bytes(31)])],
  ["a cluster that is bytes", () => encode([1, 1, 1, Buffer.from(cluster), encode(null), random.bytes(32)])],
  [
    "a frame above the handshake's limit",
    () => encode([1, 1, 1, cluster, random.bytes(8_000), random.bytes(32)]),
  ],
];

test.each(badOpenings)(
  "a handshake that opens with %s is refused as a bad frame",
  async (_, opening) => {
    const wire = await Wire.dial(member.address);
    wire.channel.send(opening());
    expect(await refusal(wire)).toBe("ERR_FLOTILLA_BAD_FRAME");
  },
  limitMs,
);

test(
  "a wrong cluster and a version nobody speaks are told apart",
  async () => {
    const stranger = await Wire.dial(member.address);
    stranger.channel.send(hello({ cluster: "another" }));
    expect(await refusal(stranger)).toBe("ERR_FLOTILLA_WRONG_CLUSTER");
    const future = await Wire.dial(member.address);
    future.channel.send(hello({ minVersion: 7, maxVersion: 9 }));
    expect(await refusal(future)).toBe("ERR_FLOTILLA_UNSUPPORTED");
  },
  limitMs,
);

test(
  "a client with another cluster name, another secret or none gets the code and gives up at once",
  async () => {
    const options = { endpoints: [member.address], cluster, logger: silentLogger, connectTimeoutMs: limitMs };
    expect(await rejection(connect({ ...options, cluster: "another", secret }))).toMatchObject({
      code: "ERR_FLOTILLA_WRONG_CLUSTER",
    });
    for (const wrong of ["wrong", undefined]) {
      const error = await rejection(connect({ ...options, secret: wrong }));
      expect(error).toMatchObject({ code: "ERR_FLOTILLA_WRONG_SECRET" });
    }
  },
  limitMs,
);

test(
  "the replay of an honest handshake, an empty proof and a forged one are refused",
  async () => {
    const honest = await Wire.greeted(member.address);
    honest.channel.close();
    const [recordedHello = hello(), recordedProof = hello()] = honest.said;
    const replay = await Wire.dial(member.address);
    replay.channel.send(recordedHello);
    await eventually(() => replay.frames.length === 1);
    replay.channel.send(recordedProof);
    expect(await refusal(replay)).toBe("ERR_FLOTILLA_WRONG_SECRET");
    for (const proof of [new Uint8Array(0), new Uint8Array(32), random.bytes(32)]) {
      const wire = await Wire.dial(member.address);
      wire.channel.send(hello());
      await eventually(() => wire.frames.length === 1);
      wire.channel.send(encode([3, proof]));
      expect(await refusal(wire)).toBe("ERR_FLOTILLA_WRONG_SECRET");
    }
  },
  limitMs,
);

test(
  "half-open connections by the thousand do not keep a good client out, and are dropped in the end",
  async () => {
    const sockets: Socket[] = [];
    let open = 0;
    for (let k = 0; k < 1_000; k += 1) {
      const socket = connectTcp(parseAddress(member.address));
      socket.on("error", () => {});
      socket.once("connect", () => (open += 1));
      socket.once("close", () => (open -= 1));
      // A third says nothing, a third half a request, a third upgrades and then is silent.
      if (k % 3 === 1) socket.write("GET / HTTP/1.1\r\nHost:");
      if (k % 3 === 2) socket.write(upgradeRequest(member.address, clientProtocol));
      socket.on("data", (data) => {
        if (!data.subarray(0, 4).equals(Buffer.from("HTTP"))) socket.destroy();
      });
      sockets.push(socket);
    }
    await eventually(() => open > 600);
    await member.expectUnharmed(before);
    await eventually(() => open === 0);
  },
  limitMs,
);

test(
  "a refusal that a client sends is believed to be nothing but its leaving",
  async () => {
    const wire = await Wire.dial(member.address);
    wire.channel.send(encodeRefusal({ code: "ERR_FLOTILLA_WIPED", message: "stop, all of you" }));
    expect((await wire.ended).cause).toBe("closed");
  },
  limitMs,
);
