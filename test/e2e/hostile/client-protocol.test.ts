import { setTimeout as pause } from "node:timers/promises";
import { encode } from "@flotilla/runtime";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { maxFrameBytes } from "../../../packages/coord/src/wire/bounds.ts";
import { encodeClientMessage } from "../../../packages/coord/src/wire/client-codec.ts";
import { clientProtocol } from "../../../packages/coord/src/wire/messages.ts";
import type { ClientMessage } from "../../../packages/coord/src/wire/messages.ts";
import type { Calm } from "./lone-member.ts";
import { eventually, LoneMember, newcomer } from "./lone-member.ts";
import { mutated, mutation } from "./mutate.ts";
import { RawChannel } from "./raw-channel.ts";
import { attachMessage, Wire } from "./wire.ts";

let member: LoneMember;
let before: Calm;
const limitMs = 60_000;

beforeAll(async () => {
  member = await LoneMember.start("client-protocol");
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

/** Ends the session that a test attached, so that only what the bad input did is left to be seen. */
async function leave(wire: Wire, seq = 1): Promise<void> {
  wire.say({ type: "request", seq, ack: seq - 1, operation: { type: "close" } });
  await wire.ended;
}

/**
 * Resolves when all that this channel said has had its effect: a refused request is kept in its session's
 * window. What the member handled before it says pong, or ends the channel, comes before a later write.
 */
async function settled(wire: Wire): Promise<void> {
  const number = Number.MAX_SAFE_INTEGER;
  wire.say({ type: "ping", number });
  const answered = (): boolean =>
    wire.messages.some((message) => message.type === "pong" && message.number === number);
  await eventually(() => answered() || !wire.channel.isOpen);
  await member.good.session.delete("/none");
  wire.channel.close();
}

const path = "/bad";
const value = Uint8Array.of(1);
const put = { type: "put", path, value, if: {} } as const;

test(
  "nothing but a ping and the status is served before the attach",
  async () => {
    const messages: ClientMessage[] = [
      { type: "request", seq: 1, ack: 0, operation: put },
      { type: "read", id: 1, after: 0, linearizable: false, query: { type: "get", path: "/kept" } },
      { type: "watch", after: 0, watch: { id: 1, path: "/", kind: "recursive", from: null, wants: null } },
      { type: "unwatch", id: 1 },
      { type: "renew", number: 1, leases: [member.good.session.id] },
    ];
    for (const message of messages) {
      const wire = await Wire.greeted(member.address);
      wire.say(message);
      expect(await wire.refusedWith()).toBe("ERR_FLOTILLA_BAD_FRAME");
    }
    const polite = await Wire.greeted(member.address);
    polite.say({ type: "ping", number: 7 });
    expect(await polite.heard("pong")).toEqual({ type: "pong", number: 7 });
    polite.channel.close();
  },
  limitMs,
);

test(
  "a session is not attached with the wrong secret, nor with an attach number that is not new",
  async () => {
    const thief = await Wire.greeted(member.address);
    thief.say(attachMessage({ session: member.good.session.id, attach: 1_000 }));
    expect(await thief.refusedWith()).toBe("ERR_FLOTILLA_WRONG_SECRET");
    const own = attachMessage({ attach: 5 });
    const wire = await Wire.greeted(member.address);
    wire.say(own);
    await wire.heard("attached");
    const late = await Wire.greeted(member.address);
    late.say({ ...own, attach: 5 });
    expect(await late.refusedWith()).toBe("ERR_FLOTILLA_MOVED");
    await leave(wire);
  },
  limitMs,
);

test(
  "an attach with a bad time to live, of a session that is not there, or repeated is refused",
  async () => {
    for (const [more, code] of [
      [{ ttlMs: 1 }, "ERR_FLOTILLA_BAD_ARGUMENT"],
      [{ ttlMs: Number.MAX_SAFE_INTEGER }, "ERR_FLOTILLA_BAD_ARGUMENT"],
      [{ ttlMs: null }, "ERR_FLOTILLA_SESSION_EXPIRED"],
      [
        { watches: [{ id: 1, path: "not a path", kind: "data", from: null, wants: null }] },
        "ERR_FLOTILLA_BAD_PATH",
      ],
    ] as const) {
      const wire = await Wire.greeted(member.address);
      wire.say(attachMessage(more));
      expect(await wire.refusedWith()).toBe(code);
    }
    const wire = await Wire.attached(member.address);
    wire.say(attachMessage());
    expect(await wire.refusedWith()).toBe("ERR_FLOTILLA_BAD_FRAME");
    before = { ...before, sessions: before.sessions + 1, digest: member.calm().digest };
  },
  limitMs,
);

const session = "0123456789abcdef0123456789abcdef";
const key = new Uint8Array(16);
const badFrames: readonly (readonly [string, unknown])[] = [
  ["no array", { tag: 6 }],
  ["an empty array", []],
  ["an unknown tag", [7, 1]],
  ["a tag below zero", [-1, 1]],
  ["a tag that is a text", ["6", 1]],
  ["a tag that is no integer", [6.5, 1]],
  ["too few items", [6]],
  ["too many items", [6, 1, 1]],
  ["a number that is NaN", [6, Number.NaN]],
  ["a number below zero", [6, -1]],
  ["a number above 2^53", [6, 2 ** 53]],
  ["a number that is no integer", [6, 0.5]],
  ["a number of 64 bits", [6, 2n ** 64n - 1n]],
  ["an attach numbered 0", [0, session, key, 0, 60_000, []]],
  ["an attach with a short secret", [0, session, key.subarray(1), 1, 60_000, []]],
  ["an attach with an id of capitals", [0, session.toUpperCase(), key, 1, 60_000, []]],
  [
    "an attach with two watches of one id",
    [
      0,
      session,
      key,
      1,
      60_000,
      [
        [1, "/", 0, null],
        [1, "/", 0, null],
      ],
    ],
  ],
  [
    "an attach with too many watches",
    [0, session, key, 1, 60_000, Array.from({ length: 1_001 }, (_, id) => [id, "/", 0, null])],
  ],
  ["a request numbered 0", [1, 0, 0, [0]]],
  ["a request that acknowledges itself", [1, 1, 1, [0]]],
  ["a request of an unknown operation", [1, 1, 0, [99]]],
  ["a request without an operation", [1, 1, 0, null]],
  ["an unknown query", [2, 1, 0, true, [5]]],
  ["a query with a path that is a number", [2, 1, 0, true, [0, 1]]],
  ["a query with a path above the limit", [2, 1, 0, true, [0, `/${"x".repeat(5_000)}`]]],
  ["a page above the limit", [2, 1, 0, true, [2, "/", null, 10_001]]],
  ["an unknown kind of watch", [3, 0, [1, "/", 3, null]]],
  ["a watch with half a token", [3, 0, [1, "/", 0, ["", 1]]]],
  ["too many leases", [5, 1, Array.from({ length: 1_001 }, () => session)]],
];

test.each(badFrames)(
  "a frame with %s ends the channel and changes nothing",
  async (_, frame) => {
    const wire = await Wire.attached(member.address);
    const { digest, revision } = member.calm();
    wire.channel.send(encode(frame));
    expect(await wire.refusedWith()).toBe("ERR_FLOTILLA_BAD_FRAME");
    expect(member.calm()).toMatchObject({ digest, revision });
    before = member.calm();
  },
  limitMs,
);

test(
  "a frame above the client's limit is told so; one above the listener's ends at its head",
  async () => {
    const large = await Wire.attached(member.address);
    large.channel.send(new Uint8Array(maxFrameBytes + 1));
    expect(await large.refusedWith()).toBe("ERR_FLOTILLA_TOO_LARGE");
    const huge = await Wire.attached(member.address);
    huge.channel.send(new Uint8Array((16 << 20) + 1));
    expect((await huge.ended).cause).toMatch(/oversized|reset/);
    before = { ...before, sessions: before.sessions + 2, digest: member.calm().digest };
  },
  limitMs,
);

test(
  "operations that cannot be are answered as results, and the session goes on",
  async () => {
    const wire = await Wire.attached(member.address);
    const big = new Uint8Array(1_048_577);
    const operations = [
      { ...put, path: "no slash" },
      { ...put, path: "/a/../b" },
      { ...put, path: "/a//b" },
      { ...put, path: "/a/" },
      { ...put, path: "/\u0000" },
      { ...put, value: big },
      { type: "multi", ops: Array.from({ length: 1_001 }, () => put) },
      { type: "grant", lease: "f".repeat(32), ttlMs: 1 },
      {
        type: "create",
        path: "/other",
        value,
        lease: member.good.session.id,
        sequential: false,
        guarded: false,
      },
      { type: "revoke", lease: member.good.session.id },
    ] as const;
    let seq = 0;
    for (const operation of operations) {
      seq += 1;
      wire.say({ type: "request", seq, ack: 0, operation });
    }
    await eventually(() => wire.frames.length > operations.length || !wire.channel.isOpen);
    expect(wire.messages.map(({ type }) => type)).toEqual(["attached", ...operations.map(() => "result")]);
    expect(member.calm().revision).toBe(before.revision);
    expect(member.good.session.state).toBe("connected");
    await leave(wire, seq + 1);
  },
  limitMs,
);

test(
  "a client that renews a lease of somebody else is not answered",
  async () => {
    const wire = await Wire.attached(member.address);
    wire.say({ type: "renew", number: 1, leases: [member.good.session.id] });
    wire.say({ type: "renew", number: 2, leases: ["f".repeat(32)] });
    wire.say({ type: "ping", number: 3 });
    await wire.heard("pong");
    expect(wire.messages.some(({ type }) => type === "renewed")).toBe(false);
    await leave(wire);
  },
  limitMs,
);

test(
  "a flood beyond the window ends the channel, and nothing beyond it is taken",
  async () => {
    const wire = await Wire.attached(member.address);
    for (let seq = 1; seq <= 5_000; seq += 1) {
      wire.say({
        type: "request",
        seq,
        ack: 0,
        operation: { type: "check", path: "/kept", if: { version: 999 } },
      });
    }
    expect(await wire.refusedWith()).toBe("ERR_FLOTILLA_LIMIT");
    // What was in the window when the channel ended is still applied, before any later write.
    await member.good.session.delete("/none");
    expect(member.calm().revision).toBe(before.revision);
    before = { ...before, sessions: before.sessions + 1, digest: member.calm().digest };
  },
  limitMs,
);

test(
  "reads that wait for a write to come are bounded",
  async () => {
    const wire = await Wire.attached(member.address);
    for (let id = 1; id <= 2_000; id += 1) {
      wire.say({
        type: "read",
        id,
        after: Number.MAX_SAFE_INTEGER,
        linearizable: false,
        query: { type: "get", path: "/" },
      });
    }
    expect(await wire.refusedWith()).toBe("ERR_FLOTILLA_LIMIT");
    before = { ...before, sessions: before.sessions + 1, digest: member.calm().digest };
  },
  limitMs,
);

test(
  "requests out of turn are not applied, and the client is told from where to send again",
  async () => {
    const wire = await Wire.attached(member.address);
    wire.say({ type: "request", seq: Number.MAX_SAFE_INTEGER, ack: 0, operation: put });
    wire.say({ type: "request", seq: 7, ack: 0, operation: put });
    expect(await wire.heard("resend")).toEqual({ type: "resend", from: 1 });
    expect(member.calm().revision).toBe(before.revision);
    await leave(wire);
  },
  limitMs,
);

test(
  "a client that asks and never reads is cut off",
  async () => {
    const { session: writer } = await newcomer(member.address);
    await writer.put("/large", new Uint8Array(1_000_000));
    const raw = new RawChannel(member.address, clientProtocol);
    const wire = await Wire.over(raw);
    wire.say(attachMessage());
    await wire.heard("attached");
    raw.socket.pause();
    for (let id = 1; raw.isOpen; id += 1) {
      wire.say({ type: "read", id, after: 0, linearizable: false, query: { type: "get", path: "/large" } });
      if (raw.socket.writableNeedDrain || id % 100 === 0) await pause(1);
    }
    await writer.delete("/large");
    await writer.close();
    before = { ...member.calm(), revision: before.revision + 2 };
  },
  limitMs,
);

const seeds: readonly ClientMessage[] = [
  attachMessage({
    watches: [
      {
        id: 1,
        path: "/kept",
        kind: "recursive",
        from: { historyId: "x", revision: 1, ordinal: 0 },
        wants: null,
      },
    ],
  }),
  { type: "request", seq: 1, ack: 0, operation: { type: "check", path: "/kept", if: { version: 5 } } },
  { type: "request", seq: 1, ack: 0, operation: { type: "set", path: "/absent", value, if: { mzxid: 3 } } },
  {
    type: "read",
    id: 1,
    after: 0,
    linearizable: true,
    query: { type: "children", path: "/", after: null, limit: 10 },
  },
  { type: "read", id: 2, after: 0, linearizable: false, query: { type: "get", path: "/kept" } },
  {
    type: "watch",
    after: 0,
    watch: {
      id: 2,
      path: "/kept",
      kind: "data",
      from: null,
      wants: { types: ["changed"], names: "a*", values: false, previous: true, bookmarkMs: 1_000 },
    },
  },
  { type: "renew", number: 1, leases: [session] },
  { type: "ping", number: 300 },
];

test(
  "tens of thousands of mutated frames after a valid attach neither change anything nor stop the member",
  async () => {
    const frames = seeds.map((seed) => encodeClientMessage(seed));
    const batch = fc.array(mutation(frames.length), { minLength: 30, maxLength: 60 });
    let sent = 0;
    let wire = await Wire.attached(member.address);
    const enough = Date.now() + 6_000;
    await fc.assert(
      fc.asyncProperty(batch, async (mutations) => {
        if (Date.now() > enough) return;
        for (const each of mutations) {
          if (!wire.channel.isOpen) wire = await Wire.attached(member.address);
          wire.channel.send(mutated(frames, each));
          sent += 1;
        }
        await member.good.session.sync();
        expect(member.calm().revision).toBe(before.revision);
      }),
      { numRuns: 500 },
    );
    expect(sent).toBeGreaterThan(100);
    expect(member.complaints.errors).toEqual([]);
    await settled(wire);
    before = { ...member.calm(), revision: before.revision };
  },
  limitMs,
);
