import { encode, FlotillaError } from "@flotilla/runtime";
import { miscounted, misshapen } from "@flotilla/runtime/conformance";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Message } from "../../src/core/message.ts";
import { decodeFrame, encodeFrame, messageBytes } from "../../src/transport/message-codec.ts";
import type { PeerMessage } from "../../src/transport/message-codec.ts";
import { maxCount, maxPayloadBytes } from "../../src/transport/message-rules.ts";
import { configuration, entries } from "../storage/disk-fixture.ts";
import { packedFrame } from "./packed.ts";

const count = fc.nat(maxCount);
const positive = fc.integer({ min: 1, max: maxCount });
const logId = fc.record({ index: positive, term: fc.integer({ min: 1, max: maxCount - 1 }) });
const empty = { index: 0, term: 0 };
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const bytes = fc.uint8Array({ maxLength: 64 });

const append = fc
  .record({
    from: fc.integer({ min: 1, max: 1000 }),
    length: fc.nat(5),
    term: fc.integer({ min: 1, max: 100 }),
    commit: count,
  })
  .map(({ from, length, term, commit }): Message => ({
    type: "append",
    term,
    prev: { index: from - 1, term: from === 1 ? 0 : term },
    commit,
    entries: entries(from, from + length - 1, term),
  }));

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const named = { last: fc.record({ index: fc.integer({ min: 1, max: maxCount }), term: positive }), hash };
const snapshotBytes = fc.integer({ min: 0, max: 2 ** 36 });

const offer = fc
  .record({
    term: fc.integer({ min: 3, max: maxCount }),
    hash,
    timeMs: fc.maxSafeNat(),
    totalBytes: snapshotBytes,
  })
  .map((facts): Message => ({
    type: "snapshot-offer",
    last: { index: 7, term: 3 },
    configuration,
    ...facts,
  }));

const id = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  append,
  offer,
  fc.record({
    type: fc.constant("snapshot-request" as const),
    ...named,
    offset: snapshotBytes,
    length: fc.integer({ min: 1, max: 1 << 20 }),
  }),
  fc.record({
    type: fc.constant("snapshot-chunk" as const),
    ...named,
    offset: snapshotBytes,
    checksum: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
  }),
  fc.record({
    type: fc.constant("snapshot-refusal" as const),
    ...named,
    reason: fc.constantFrom("busy" as const, "absent" as const),
  }),
  fc
    .record({ last: fc.oneof(logId, fc.constant(empty)), ahead: fc.nat(9), closedLeader: maybe(id) })
    .map(({ last, ahead, closedLeader }): Message => ({
      type: "pre-vote",
      term: Math.min(last.term + 1 + ahead, maxCount),
      last,
      closedLeader,
    })),
  fc.record({
    type: fc.constantFrom("pre-vote-reply" as const, "vote-reply" as const),
    term: positive,
    granted: fc.boolean(),
  }),
  fc
    .record({ last: logId, transfer: fc.boolean() })
    .map(({ last, transfer }): Message => ({ type: "vote", term: last.term + 1, last, transfer })),
  logId.map((last): Message => ({ type: "timeout-now", term: last.term, last })),
  fc.record({ term: positive, at: fc.tuple(count, count) }).map(({ term, at }): Message => ({
    type: "append-reply",
    term,
    prevIndex: Math.min(...at),
    match: Math.max(...at),
    hint: null,
  })),
  fc
    .record({ term: positive, at: fc.tuple(count, count), hint: fc.nat(9) })
    .map(({ term, at, hint }): Message => ({
      type: "append-reply",
      term,
      prevIndex: Math.max(...at),
      match: null,
      hint: { index: Math.min(...at), term: Math.max(0, term - hint) },
    })),
  fc.record({
    type: fc.constant("append-reply" as const),
    term: positive,
    prevIndex: count,
    match: fc.constant(null),
    hint: fc.constant(null),
  }),
  fc.record({ type: fc.constant("heartbeat" as const), term: positive, commit: count, round: count }),
  fc.record({
    type: fc.constant("heartbeat-reply" as const),
    term: positive,
    round: positive,
    pledgeMs: fc.nat(1_200_000),
  }),
  fc.record({
    type: fc.constant("snapshot-reply" as const),
    term: count,
    last: logId,
    received: count,
    done: fc.boolean(),
  }),
  fc.record({ type: fc.constant("read-request" as const), term: positive, id: count }),
  fc.record({ type: fc.constant("read-reply" as const), term: count, id: count, index: maybe(count) }),
  fc.record({
    type: fc.constant("forward" as const),
    term: positive,
    firstId: count,
    payloads: fc.array(bytes, { minLength: 1 }),
  }),
  fc.record({
    type: fc.constant("forward-reply" as const),
    term: count,
    firstId: count,
    count: fc.integer({ min: 1, max: 8192 }),
    firstIndex: maybe(positive),
  }),
  fc.record({ type: fc.constant("app" as const), payload: bytes }),
);

const frame = fc.array(message, { maxLength: 6 });

function decodesOrRefuses(encoded: Uint8Array): PeerMessage[] | null {
  try {
    return decodeFrame(encoded);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) return null;
    throw error;
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, item: unknown) => (item instanceof Uint8Array ? [...item] : item)),
  );
}

test("what was encoded is what is decoded", () => {
  fc.assert(
    fc.property(frame, (messages) => {
      expect(plain(decodeFrame(encodeFrame(messages)))).toEqual(plain(messages));
    }),
  );
});

test("about how many bytes a message takes is not far below what it takes", () => {
  fc.assert(
    fc.property(message, (said) => {
      const taken = encodeFrame([said]).length;
      expect(messageBytes(said)).toBeGreaterThan(taken / 2);
      expect(messageBytes(said)).toBeLessThan(taken + 4200);
    }),
  );
});

test("a frame is written in the bytes of its layout", () => {
  fc.assert(
    fc.property(frame, (messages) => {
      expect(Buffer.compare(encodeFrame(messages), encode(packedFrame(messages)))).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test("a frame with an item too many, of another kind or miscounted is refused", () => {
  fc.assert(
    fc.property(frame, (messages) => {
      const packed = packedFrame(messages);
      for (const bytes of [...[...misshapen(packed)].map(encode), ...miscounted(packed)])
        expect(decodesOrRefuses(bytes)).toBeNull();
    }),
  );
});

test("random bytes are refused as a bad frame or decode to something", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (random) => void decodesOrRefuses(random)),
    { numRuns: 5000 },
  );
});

test("a changed, cut or grown frame is refused as a bad frame or decodes to something", () => {
  fc.assert(
    fc.property(
      frame,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(40),
      (messages, position, mask, tail) => {
        const encoded = encodeFrame(messages);
        const at = position % encoded.length;
        decodesOrRefuses(encoded.map((byte, k) => (k === at ? byte ^ mask : byte)));
        decodesOrRefuses(encoded.slice(0, at));
        decodesOrRefuses(Buffer.concat([encoded, new Uint8Array(tail)]));
      },
    ),
    { numRuns: 2000 },
  );
});

test("a changed byte within entries never passes", () => {
  const first = entries(5, 6, 2);
  const encoded = encodeFrame([
    { type: "append", term: 2, prev: { index: 4, term: 2 }, commit: 4, entries: first },
  ]);
  const blob = (first[0]?.frame.length ?? 0) + (first[1]?.frame.length ?? 0);
  for (let at = encoded.length - blob; at < encoded.length; at += 1) {
    const broken = encoded.map((byte, k) => (k === at ? byte ^ 1 : byte));
    expect(decodesOrRefuses(broken), `byte ${at}`).toBeNull();
  }
});

test.each([
  ["an answer that both matches and hints", [[6, 1, 1, 5, [1, 1]]]],
  ["a tag that no message has", [[18, 1, 1, 1]]],
  ["no tag", [[]]],
])("%s is refused", (_, value) => {
  expect(decodesOrRefuses(encode(value))).toBeNull();
});

test("a tag of nothing is refused, whatever seems to follow", () => {
  expect(decodesOrRefuses(Uint8Array.of(0x81, 0x81, 0, 5, 6, 0xf6))).toBeNull();
});

const empty8 = new Uint8Array(8);

const misfits: readonly (readonly [string, Message])[] = [
  [
    "entries that do not follow",
    { type: "append", term: 2, prev: { index: 3, term: 1 }, commit: 0, entries: entries(5, 6, 2) },
  ],
  [
    "entries of a term to come",
    { type: "append", term: 1, prev: { index: 4, term: 1 }, commit: 0, entries: entries(5, 6, 2) },
  ],
  [
    "entries older than prev",
    { type: "append", term: 3, prev: { index: 4, term: 3 }, commit: 0, entries: entries(5, 6, 2) },
  ],
  [
    "a prev of a term to come",
    { type: "append", term: 1, prev: { index: 4, term: 2 }, commit: 0, entries: [] },
  ],
  [
    "entries after half an entry",
    { type: "append", term: 1, prev: { index: 1, term: 0 }, commit: 0, entries: [] },
  ],
  ["a commit out of reach", { type: "append", term: 1, prev: empty, commit: 2 ** 52 + 1, entries: [] }],
  ["an append of no term", { type: "append", term: 0, prev: empty, commit: 0, entries: [] }],
  ["an answer in no term", { type: "append-reply", term: 0, prevIndex: 0, match: 0, hint: null }],
  ["a match below the question", { type: "append-reply", term: 1, prevIndex: 5, match: 4, hint: null }],
  ["a match out of reach", { type: "append-reply", term: 1, prevIndex: 5, match: 2 ** 52 + 1, hint: null }],
  [
    "a hint above the question",
    { type: "append-reply", term: 1, prevIndex: 5, match: null, hint: { index: 6, term: 1 } },
  ],
  [
    "a hint of a term to come",
    { type: "append-reply", term: 1, prevIndex: 5, match: null, hint: { index: 5, term: 2 } },
  ],
  ["a term out of reach", { type: "read-request", term: 2 ** 52 + 1, id: 1 }],
  ["a question in no term", { type: "read-request", term: 0, id: 1 }],
  ["a read point out of reach", { type: "read-reply", term: 1, id: 1, index: 2 ** 52 + 1 }],
  ["a heartbeat of no term", { type: "heartbeat", term: 0, commit: 0, round: 1 }],
  ["a heartbeat with a commit out of reach", { type: "heartbeat", term: 1, commit: 2 ** 52 + 1, round: 1 }],
  ["an answer to no round", { type: "heartbeat-reply", term: 1, round: 0, pledgeMs: 0 }],
  ["an answer to a heartbeat of no term", { type: "heartbeat-reply", term: 0, round: 1, pledgeMs: 0 }],
  ["a forward of nothing", { type: "forward", term: 1, firstId: 1, payloads: [] }],
  ["a forward in no term", { type: "forward", term: 0, firstId: 1, payloads: [empty8] }],
  ["a forward whose ids wrap", { type: "forward", term: 1, firstId: 2 ** 52 + 1, payloads: [empty8] }],
  [
    "a forward that no entry can hold",
    { type: "forward", term: 1, firstId: 1, payloads: [new Uint8Array(maxPayloadBytes + 1)] },
  ],
  ["an answer about no proposal", { type: "forward-reply", term: 1, firstId: 1, count: 0, firstIndex: null }],
  ["a place before the log", { type: "forward-reply", term: 1, firstId: 1, count: 1, firstIndex: 0 }],
  ["a place out of reach", { type: "forward-reply", term: 1, firstId: 1, count: 1, firstIndex: 2 ** 52 + 1 }],
  [
    "a candidate whose log is as new as its term",
    { type: "vote", term: 2, last: { index: 1, term: 2 }, transfer: false },
  ],
  ["a grant for no term", { type: "pre-vote-reply", term: 0, granted: true }],
  ["a vote for no term", { type: "vote-reply", term: 0, granted: true }],
  ["a leader without an entry of its term", { type: "timeout-now", term: 2, last: { index: 1, term: 1 } }],
  ["a leader with nothing", { type: "timeout-now", term: 2, last: { index: 0, term: 2 } }],
  ["an index out of reach", { type: "timeout-now", term: 2, last: { index: 2 ** 52 + 1, term: 2 } }],
  [
    "an answer about half a snapshot",
    { type: "snapshot-reply", term: 1, last: { index: 1, term: 0 }, received: 0, done: false },
  ],
  ["a negative index", { type: "vote", term: 1, last: { index: -1, term: 1 }, transfer: false }],
  ["a term above 2^53", { type: "vote", term: 2 ** 60, last: { index: 1, term: 1 }, transfer: false }],
  ["a fraction", { type: "heartbeat", term: 1.5, commit: 0, round: 0 }],
];

test.each(misfits)("%s is refused", (_, misfit) => {
  expect(() => decodeFrame(encodeFrame([misfit]))).toThrow(FlotillaError);
});

test.each([
  ["of nothing", { last: empty }],
  ["of a term to come", { last: { index: 7, term: 9 } }],
  ["of half an entry", { last: { index: 7, term: 0 } }],
  ["larger than any", { totalBytes: 2 ** 36 + 1 }],
  ["whose membership came later", { configuration: { ...configuration, index: 8 } }],
  ["with half a hash", { hash: "00".repeat(16) }],
])("an offer of a snapshot %s is refused", (_, misfit) => {
  const sound: Message = {
    type: "snapshot-offer",
    term: 3,
    last: { index: 7, term: 3 },
    timeMs: 0,
    configuration: { ...configuration, index: 0 },
    totalBytes: 2,
    hash: "00".repeat(32),
  };
  expect(decodeFrame(encodeFrame([sound])).length).toBe(1);
  expect(decodesOrRefuses(encodeFrame([{ ...sound, ...misfit }]))).toBeNull();
});

const name = { last: { index: 7, term: 3 }, hash: "00".repeat(32) };

test.each<[string, PeerMessage]>([
  ["a request for nothing", { type: "snapshot-request", ...name, offset: 0, length: 0 }],
  ["a request for too much", { type: "snapshot-request", ...name, offset: 0, length: 2 ** 20 + 1 }],
  ["a request out of reach", { type: "snapshot-request", ...name, offset: 2 ** 36 + 1, length: 1 }],
  [
    "a chunk of nothing",
    { type: "snapshot-chunk", ...name, offset: 0, checksum: 0, bytes: new Uint8Array(0) },
  ],
  [
    "a chunk that is too large",
    { type: "snapshot-chunk", ...name, offset: 0, checksum: 0, bytes: new Uint8Array(2 ** 20 + 1) },
  ],
  [
    "a chunk out of reach",
    { type: "snapshot-chunk", ...name, offset: 2 ** 37, checksum: 0, bytes: new Uint8Array(1) },
  ],
  ["a refusal about no snapshot", { type: "snapshot-refusal", ...name, hash: "", reason: "busy" }],
])("%s is refused", (_, misfit) => {
  expect(decodesOrRefuses(encodeFrame([misfit]))).toBeNull();
});

test("an answer that only tells of a later term travels", () => {
  const told: Message = { type: "append-reply", term: 5, prevIndex: 3, match: null, hint: null };
  expect(decodeFrame(encodeFrame([told]))).toEqual([told]);
});
