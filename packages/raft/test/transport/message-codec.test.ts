import { encode, FlotillaError } from "@flotilla/runtime";
import { miscounted, misshapen } from "@flotilla/runtime/conformance";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Message } from "../../src/core/message.ts";
import { decodeFrame, encodeFrame } from "../../src/transport/message-codec.ts";
import type { PeerMessage } from "../../src/transport/message-codec.ts";
import { configuration, entries } from "../storage/disk-fixture.ts";
import { packedFrame } from "./packed.ts";

const count = fc.maxSafeNat();
const logId = fc.record({ index: count, term: count });
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

const chunk = fc
  .record({
    term: count,
    timeMs: count,
    at: fc.nat(100),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    checksum: fc.nat(),
  })
  .map(({ term, timeMs, at, bytes: slice, checksum }): Message => ({
    type: "snapshot-chunk",
    term,
    last: { index: 7, term: 3 },
    timeMs,
    configuration,
    offset: at,
    totalBytes: at + slice.length,
    checksum,
    bytes: slice,
  }));

const id = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  append,
  chunk,
  fc.record({ type: fc.constant("pre-vote" as const), term: count, last: logId, closedLeader: maybe(id) }),
  fc.record({
    type: fc.constantFrom("pre-vote-reply" as const, "vote-reply" as const),
    term: count,
    granted: fc.boolean(),
  }),
  fc.record({ type: fc.constant("vote" as const), term: count, last: logId, transfer: fc.boolean() }),
  fc.record({ type: fc.constant("timeout-now" as const), term: count, last: logId }),
  fc.record({
    type: fc.constant("append-reply" as const),
    term: count,
    prevIndex: count,
    match: count,
    hint: fc.constant(null),
  }),
  fc.record({
    type: fc.constant("append-reply" as const),
    term: count,
    prevIndex: count,
    match: fc.constant(null),
    hint: logId,
  }),
  fc.record({ type: fc.constant("heartbeat" as const), term: count, commit: count, round: count }),
  fc.record({ type: fc.constant("heartbeat-reply" as const), term: count, round: count }),
  fc.record({ type: fc.constant("snapshot-reply" as const), term: count, last: logId, received: count }),
  fc.record({ type: fc.constant("read-request" as const), term: count, id: count }),
  fc.record({ type: fc.constant("read-reply" as const), term: count, id: count, index: maybe(count) }),
  fc.record({
    type: fc.constant("forward" as const),
    term: count,
    firstId: count,
    payloads: fc.array(bytes),
  }),
  fc.record({
    type: fc.constant("forward-reply" as const),
    term: count,
    firstId: count,
    count: fc.nat(8192),
    firstIndex: maybe(count),
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
    "an answer that neither matches nor hints",
    { type: "append-reply", term: 1, prevIndex: 1, match: null, hint: null },
  ],
  ["a negative index", { type: "vote", term: 1, last: { index: -1, term: 1 }, transfer: false }],
  ["a term above 2^53", { type: "vote", term: 2 ** 60, last: { index: 1, term: 1 }, transfer: false }],
  ["a fraction", { type: "heartbeat", term: 1.5, commit: 0, round: 0 }],
];

test.each(misfits)("%s is refused", (_, misfit) => {
  expect(() => decodeFrame(encodeFrame([misfit]))).toThrow(FlotillaError);
});
