import { decode, encode, FlotillaError } from "@flotilla/runtime";
import { miscounted, misshapen } from "@flotilla/runtime/conformance";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeAdminReply,
  decodeAdminRequest,
  encodeAdminReply,
  encodeAdminRequest,
} from "../../src/wire/admin-codec.ts";
import type { AdminReply, AdminRequest } from "../../src/wire/admin-messages.ts";
import { maxFrameBytes } from "../../src/wire/bounds.ts";
import { id } from "./arbitraries.ts";

const uint = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ maxLength: 30 });
const change = fc.oneof(
  fc.record({
    type: fc.constant("add"),
    id: text,
    address: text,
    incarnation: text,
    promote: fc.boolean(),
  }),
  fc.record({ type: fc.constantFrom("promote", "demote", "remove"), id: text }),
  fc.record({ type: fc.constant("address"), id: text, address: text }),
  fc.record({ type: fc.constant("lease-reads"), on: fc.boolean() }),
);
const request = fc.oneof(
  fc.record({ type: fc.constantFrom("describe", "leave", "save", "more", "digests") }),
  fc.record({ type: fc.constant("lease-times"), after: fc.option(id, { nil: null }) }),
  fc.record({ type: fc.constant("transfer"), to: fc.option(text, { nil: null }) }),
  fc.record({
    type: fc.constant("change"),
    changes: fc.array(change, { maxLength: 5 }),
    ifVersion: fc.option(uint, { nil: null }),
  }),
) as fc.Arbitrary<AdminRequest>;

const status = fc.record({
  id: text,
  cluster: text,
  role: fc.constantFrom("leader", "candidate", "precandidate", "follower"),
  term: uint,
  leader: fc.option(text, { nil: null }),
  commit: uint,
  applied: uint,
  lastIndex: uint,
  snapshotIndex: uint,
  revision: uint,
  digest: text,
  featureLevel: uint,
  newestLevel: uint,
  sessions: uint,
  nodes: uint,
  historyId: text,
  members: fc.array(
    fc.record({ id: text, address: text, connected: fc.boolean(), match: fc.option(uint, { nil: null }) }),
    { maxLength: 4 },
  ),
});
const membership = fc.record({
  version: uint,
  historyId: text,
  leaseReads: fc.boolean(),
  members: fc.array(
    fc.record({
      id: text,
      address: text,
      incarnation: text,
      role: fc.constantFrom("voter", "incoming", "outgoing", "learner"),
      promote: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});
const report = fc.oneof(
  fc.record({ type: fc.constant("running"), id: text, incarnation: text, status, membership }),
  fc.record({ type: fc.constant("damaged"), id: text, cluster: text, problem: text, advice: text }),
);
const reply = fc.oneof(
  fc.record({ type: fc.constant("report"), report }),
  fc.record({ type: fc.constant("transferred"), leader: text }),
  fc.record({ type: fc.constant("changed"), version: uint }),
  fc.record({ type: fc.constant("left") }),
  fc.record({
    type: fc.constant("lease-times"),
    times: fc.array(fc.record({ id, remainingMs: uint }), { maxLength: 3 }),
    next: fc.option(id, { nil: null }),
  }),
  fc.record({
    type: fc.constant("digests"),
    points: fc.array(fc.record({ commands: uint, digest: text }), { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant("piece"), bytes: fc.uint8Array({ maxLength: 40 }), last: fc.boolean() }),
  fc.record({
    type: fc.constant("error"),
    code: fc.constantFrom("ERR_FLOTILLA_NOT_LEADER", "ERR_FLOTILLA_NOT_TRANSFERRED"),
    message: text,
    ambiguous: fc.boolean(),
  }),
) as fc.Arbitrary<AdminReply>;

function refusal(read: (frame: Uint8Array) => unknown, frame: Uint8Array): string {
  try {
    read(frame);
    return "accepted";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

test("what is asked and answered arrives as it was said", () => {
  fc.assert(
    fc.property(request, reply, (asked, answered) => {
      expect(decodeAdminRequest(encodeAdminRequest(asked))).toEqual(asked);
      expect(decodeAdminReply(encodeAdminReply(answered))).toEqual(answered);
    }),
  );
});

test("a frame with an item too many, of another kind or miscounted is refused", () => {
  fc.assert(
    fc.property(request, reply, (asked, answered) => {
      const askedItems = decode(encodeAdminRequest(asked));
      for (const bytes of [...[...misshapen(askedItems)].map(encode), ...miscounted(askedItems)])
        expect(refusal(decodeAdminRequest, bytes)).toBe("ERR_FLOTILLA_BAD_FRAME");
      const answeredItems = decode(encodeAdminReply(answered));
      for (const bytes of [...[...misshapen(answeredItems)].map(encode), ...miscounted(answeredItems)])
        expect(refusal(decodeAdminReply, bytes)).toBe("ERR_FLOTILLA_BAD_FRAME");
    }),
  );
});

test("random and damaged bytes are accepted or refused by code, nothing else", () => {
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(
      request,
      reply,
      damage,
      fc.uint8Array({ maxLength: 100 }),
      (asked, answered, [at, mask], noise) => {
        for (const [frame, read] of [
          [encodeAdminRequest(asked).slice(), decodeAdminRequest],
          [encodeAdminReply(answered).slice(), decodeAdminReply],
          [noise, decodeAdminRequest],
          [noise, decodeAdminReply],
        ] as const) {
          if (frame.length > 0) frame[at % frame.length] = (frame[at % frame.length] ?? 0) ^ mask;
          expect(["accepted", "ERR_FLOTILLA_BAD_FRAME"]).toContain(refusal(read, frame));
        }
      },
    ),
  );
});

test("more changes than a request takes, and a frame above the bound, are refused", () => {
  const one = { type: "remove", id: "n1" } as const;
  const many = encodeAdminRequest({
    type: "change",
    changes: Array.from({ length: 65 }, () => one),
    ifVersion: 1,
  });
  expect(refusal(decodeAdminRequest, many)).toBe("ERR_FLOTILLA_BAD_FRAME");
  expect(refusal(decodeAdminRequest, new Uint8Array(maxFrameBytes + 1))).toBe("ERR_FLOTILLA_TOO_LARGE");
});
