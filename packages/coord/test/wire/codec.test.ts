import type { Node, Stat } from "@flotilla/kv";
import { encode, FlotillaError } from "@flotilla/runtime";
import { miscounted, misshapen } from "@flotilla/runtime/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxFrameBytes } from "../../src/wire/bounds.ts";
import { decodeClientMessage, encodeClientMessage } from "../../src/wire/client-codec.ts";
import type { ClientMessage, ServerMessage, ToldEvent } from "../../src/wire/messages.ts";
import { decodeServerMessage, encodeServerMessage } from "../../src/wire/server-codec.ts";
import { acls, credentials, id, leaseEntries, statuses } from "./arbitraries.ts";
import { budgetAnswers, budgetQueries, excesses, setBudgets } from "./budget-arbitraries.ts";
import { packedClientMessage, packedServerMessage } from "./packed.ts";
import { childNodesAnswer, pageQuery, pastAnswer, pastQuery } from "./past-arbitraries.ts";

const uint = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const path = fc.string({ maxLength: 40 }).map((text) => `/${text}`);
const value = fc.uint8Array({ maxLength: 60 });
const token = fc.record({ historyId: id, revision: uint, ordinal: uint });
const watch = fc.record({
  id: uint,
  path,
  kind: fc.constantFrom("data", "children", "recursive"),
  from: fc.option(token, { nil: null }),
  wants: fc.option(
    fc.record({
      types: fc.subarray(["created", "changed", "deleted"] as const, { minLength: 1 }),
      names: fc.option(fc.constantFrom("*", "a-*", "*.é", "x*y*z"), { nil: null }),
      values: fc.boolean(),
      previous: fc.boolean(),
      bookmarkMs: fc.option(fc.integer({ min: 100, max: 86_400_000 }), { nil: null }),
    }),
    { nil: null },
  ),
});
const conditions = fc.record(
  { version: uint, mzxid: uint, owner: fc.option(id, { nil: null }), children: uint, value },
  { requiredKeys: [] },
);
const check = fc.record({ type: fc.constant("check"), path, if: conditions });
const treeOp = fc.oneof(
  fc.record(
    {
      type: fc.constant("create"),
      path,
      value,
      lease: fc.option(id, { nil: null }),
      sequential: fc.boolean(),
      guarded: fc.boolean(),
      container: fc.constant(true),
      ttlMs: uint,
    },
    { requiredKeys: ["type", "path", "value", "lease", "sequential", "guarded"] },
  ),
  fc.record({ type: fc.constantFrom("set", "put"), path, value, if: conditions }),
  fc.record({ type: fc.constant("add"), path, by: fc.maxSafeInteger(), if: conditions }),
  fc.record(
    {
      type: fc.constant("delete"),
      path,
      if: conditions,
      force: fc.boolean(),
      recursive: fc.constant(true),
    },
    { requiredKeys: ["type", "path", "if", "force"] },
  ),
  check,
);
const operation = fc.oneof(
  treeOp,
  fc.record({ type: fc.constant("multi"), ops: fc.array(treeOp, { maxLength: 5 }) }),
  fc.record(
    {
      type: fc.constant("multi"),
      ops: fc.array(treeOp, { maxLength: 3 }),
      if: fc.array(check, { maxLength: 3 }),
      else: fc.array(treeOp, { maxLength: 3 }),
    },
    { requiredKeys: ["type", "ops", "if"] },
  ),
  setBudgets,
  fc.record({ type: fc.constant("grant"), lease: id, ttlMs: uint }),
  fc.record({ type: fc.constantFrom("revoke", "doom"), lease: id }),
  fc.record({ type: fc.constant("close") }),
);
const query = fc.oneof(
  fc.record({ type: fc.constantFrom("get", "exists", "usage", "acl"), path }),
  pastQuery(path),
  fc.record({
    type: fc.constantFrom("sessions", "leases"),
    after: fc.option(id, { nil: null }),
    limit: fc.integer({ min: 0, max: 1_000 }),
  }),
  pageQuery(path),
  budgetQueries,
  fc.record({ type: fc.constantFrom("sync", "status") }),
);
const clientMessage = fc.oneof(
  fc.record({
    type: fc.constant("attach"),
    session: id,
    secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    attach: count,
    ttlMs: fc.option(uint, { nil: null }),
    watches: fc.uniqueArray(watch, { maxLength: 5, selector: (item) => item.id }),
    auth: fc.array(credentials, { maxLength: 3 }),
  }),
  fc
    .record({ type: fc.constant("request"), seq: count, ack: uint, operation })
    .map((message) => ({ ...message, ack: message.ack % message.seq })),
  fc.record({ type: fc.constant("read"), id: uint, after: uint, linearizable: fc.boolean(), query }),
  fc.record({ type: fc.constant("watch"), after: uint, watch }),
  fc.record({ type: fc.constant("unwatch"), id: uint }),
  fc.record({ type: fc.constant("renew"), number: uint, leases: fc.array(id, { maxLength: 5 }) }),
  fc.record({ type: fc.constant("ping"), number: uint }),
) as fc.Arbitrary<ClientMessage>;

const kind = fc.constantFrom(
  { container: false, ttlMs: null },
  { container: true, ttlMs: null },
  { container: false, ttlMs: 1 },
  { container: false, ttlMs: 2 ** 40 - 1 },
);
const plainStat = fc.record({
  czxid: uint,
  mzxid: uint,
  pzxid: uint,
  ctimeMs: uint,
  mtimeMs: uint,
  version: uint,
  cversion: uint,
  aversion: uint,
  ephemeralOwner: fc.option(id, { nil: null }),
  dataLength: uint,
  numChildren: uint,
});
const stat: fc.Arbitrary<Stat> = fc.tuple(plainStat, kind).map(([most, rest]) => ({ ...most, ...rest }));
const node: fc.Arbitrary<Node> = fc.record({ value, stat });
const event: fc.Arbitrary<ToldEvent> = fc.record({
  revision: uint,
  ordinal: uint,
  type: fc.constantFrom("created", "changed", "deleted"),
  path,
  node: fc.option(node, { nil: null }),
  previous: fc.option(node, { nil: null }),
});
const session = fc.record({
  id,
  ttlMs: uint,
  attach: uint,
  lastSeq: uint,
  leases: uint,
  nodes: uint,
  doomed: fc.boolean(),
});
const text = fc.string({ maxLength: 30 });
const code = fc.constantFrom("ERR_FLOTILLA_SESSION_EXPIRED", "ERR_FLOTILLA_MOVED", "ERR_FLOTILLA_NO_QUORUM");
const answer = fc.oneof(
  fc.record({ type: fc.constant("node"), node: fc.option(node, { nil: null }) }),
  fc.record({ type: fc.constant("stat"), stat: fc.option(stat, { nil: null }) }),
  fc.record({
    type: fc.constant("children"),
    names: fc.option(fc.array(text, { maxLength: 5 }), { nil: null }),
    next: fc.option(text, { nil: null }),
  }),
  childNodesAnswer(text, node),
  fc.record({
    type: fc.constant("usage"),
    usage: fc.option(fc.record({ nodes: uint, bytes: uint }), { nil: null }),
  }),
  fc.record({
    type: fc.constant("sessions"),
    sessions: fc.array(session, { maxLength: 3 }),
    next: fc.option(id, { nil: null }),
  }),
  fc.record({
    type: fc.constant("leases"),
    leases: fc.array(leaseEntries, { maxLength: 3 }),
    next: fc.option(id, { nil: null }),
  }),
  pastAnswer(id),
  budgetAnswers,
  fc.record({
    type: fc.constant("acl"),
    acl: fc.option(acls, { nil: null }),
    stat: fc.option(stat, { nil: null }),
  }),
  fc.record({ type: fc.constant("done") }),
  fc.record({ type: fc.constant("status"), status: statuses }),
  fc.record({ type: fc.constant("error"), code, message: text }),
);
const serverMessage = fc.oneof(
  fc.record({
    type: fc.constant("attached"),
    attach: uint,
    lastSeq: uint,
    ttlMs: uint,
    node: text,
    historyId: text,
    revision: uint,
    endpoints: fc.array(text, { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant("ended"), code, message: text }),
  fc.record({ type: fc.constant("result"), seq: uint, result: value }),
  fc.record({ type: fc.constant("resend"), from: uint }),
  fc.record({ type: fc.constant("read-result"), id: uint, revision: uint, answer }),
  fc.record({ type: fc.constant("armed"), id: uint, token }),
  fc.record({
    type: fc.constant("events"),
    ids: fc.array(uint, { maxLength: 5 }),
    previous: fc.constant(true),
    events: fc.array(event, { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant("events"),
    ids: fc.array(uint, { maxLength: 5 }),
    previous: fc.constant(false),
    events: fc.array(
      event.map((of) => ({ ...of, previous: null })),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    type: fc.constant("snapshot"),
    id: uint,
    revision: uint,
    historyId: text,
    reason: fc.constantFrom("asked", "compacted", "other-history", "fell-behind"),
    nodes: fc.array(fc.record({ path, node }), { maxLength: 5 }),
    last: fc.boolean(),
  }),
  fc.record({ type: fc.constant("bookmark"), id: uint, token }),
  fc.record({ type: fc.constant("watch-refused"), id: uint, excess: excesses }),
  fc.record({ type: fc.constant("renewed"), number: uint, refused: fc.array(id, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("pong"), number: uint }),
) as fc.Arbitrary<ServerMessage>;

/** Byte strings as plain arrays: the decoder gives views of another class. */
function plain(message: unknown): unknown {
  if (message instanceof Uint8Array) return [...message];
  if (Array.isArray(message)) return message.map(plain);
  if (typeof message !== "object" || message === null) return message;
  return Object.fromEntries(Object.entries(message).map(([key, item]) => [key, plain(item)]));
}

function refusal(decode: (frame: Uint8Array) => unknown, frame: Uint8Array): string {
  try {
    decode(frame);
    return "accepted";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

describe.each([
  { name: "client", decode: decodeClientMessage as (frame: Uint8Array) => unknown },
  { name: "server", decode: decodeServerMessage as (frame: Uint8Array) => unknown },
])("frames of a $name", ({ decode }) => {
  test("random bytes are accepted or refused by code, nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => {
        expect(["accepted", "ERR_FLOTILLA_BAD_FRAME"]).toContain(refusal(decode, frame));
      }),
    );
  });

  test("any CBOR is accepted or refused by code, nothing else", () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 0, max: 10 }), fc.array(fc.anything(), { maxLength: 8 })),
        ([tag, items]) => {
          let frame: Uint8Array;
          try {
            frame = encode([tag, ...items]);
          } catch {
            return;
          }
          expect(["accepted", "ERR_FLOTILLA_BAD_FRAME"]).toContain(refusal(decode, frame));
        },
      ),
    );
  });

  test("a frame above the bound is refused before it is read", () => {
    expect(refusal(decode, new Uint8Array(maxFrameBytes + 1))).toBe("ERR_FLOTILLA_TOO_LARGE");
  });
});

test("what a client says arrives as it was said", () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      expect(plain(decodeClientMessage(encodeClientMessage(message)))).toEqual(plain(message));
    }),
  );
});

test("what a server says arrives as it was said", () => {
  fc.assert(
    fc.property(serverMessage, (message) => {
      expect(plain(decodeServerMessage(encodeServerMessage(message)))).toEqual(plain(message));
    }),
  );
});

test("a message is written in the bytes of its layout", () => {
  fc.assert(
    fc.property(clientMessage, serverMessage, (fromClient, fromServer) => {
      const client = encode(packedClientMessage(fromClient));
      expect(Buffer.compare(encodeClientMessage(fromClient), client)).toBe(0);
      const server = encode(packedServerMessage(fromServer));
      expect(Buffer.compare(encodeServerMessage(fromServer), server)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("a frame with an item too many, of another kind or miscounted is refused", () => {
  fc.assert(
    fc.property(clientMessage, serverMessage, (fromClient, fromServer) => {
      const client = packedClientMessage(fromClient);
      for (const bytes of [...[...misshapen(client)].map(encode), ...miscounted(client)])
        expect(refusal(decodeClientMessage, bytes)).toBe("ERR_FLOTILLA_BAD_FRAME");
      const server = packedServerMessage(fromServer);
      for (const bytes of [...[...misshapen(server)].map(encode), ...miscounted(server)])
        expect(refusal(decodeServerMessage, bytes)).toBe("ERR_FLOTILLA_BAD_FRAME");
    }),
  );
});

test("a damaged frame is accepted or refused by code, nothing else", () => {
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(clientMessage, serverMessage, damage, (fromClient, fromServer, [at, mask]) => {
      for (const [frame, decode] of [
        [encodeClientMessage(fromClient).slice(), decodeClientMessage],
        [encodeServerMessage(fromServer).slice(), decodeServerMessage],
      ] as const) {
        const position = at % frame.length;
        frame[position] = (frame[position] ?? 0) ^ mask;
        expect(["accepted", "ERR_FLOTILLA_BAD_FRAME"]).toContain(refusal(decode, frame));
        expect(["accepted", "ERR_FLOTILLA_BAD_FRAME"]).toContain(refusal(decode, frame.slice(0, position)));
      }
    }),
  );
});

test("ids that are no ids, an ack beyond its seq and two watches of one id are refused", () => {
  const secret = new Uint8Array(16);
  const session = "0".repeat(32);
  const frames = [
    encode([0, "x".repeat(32), secret, 1, null, []]),
    encode([0, session, secret.slice(1), 1, null, []]),
    encode([0, session, secret, 0, null, []]),
    encode([
      0,
      session,
      secret,
      1,
      null,
      [
        [1, "/a", 0, null, null],
        [1, "/b", 0, null, null],
      ],
    ]),
    ...[
      [0, null, true, false, null],
      [8, null, true, false, null],
      [1, "", true, false, null],
      [1, "a/b", true, false, null],
      [1, "*********", true, false, null],
      [1, "a".repeat(257), true, false, null],
      [1, null, true, false, 99],
      [1, null, true, false, 86_400_001],
    ].map((wants) => encode([3, 0, [1, "/a", 0, null, wants]])),
    encode([1, 3, 3, [8]]),
    encode([1, 0, 0, [8]]),
    encode([5, 1, ["abc"]]),
    encode([6, -1]),
    encode([6, 1.5]),
    encode([6, 1, 2]),
  ];
  for (const frame of frames) expect(refusal(decodeClientMessage, frame)).toBe("ERR_FLOTILLA_BAD_FRAME");
});
