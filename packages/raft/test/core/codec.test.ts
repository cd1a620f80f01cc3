import { crc32 } from "node:zlib";
import { encode } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeConfiguration, encodeConfiguration } from "../../src/core/config/config-codec.ts";
import {
  decodeEntry,
  decodeRun,
  encodeEntry,
  encodeRun,
  frameHeaderBytes,
} from "../../src/core/entry-codec.ts";
import { founded, founding, jointOf } from "./member.ts";

const count = fc.maxSafeInteger().map(Math.abs);
const draft = fc.record({
  index: count.map((value) => Math.max(1, value)),
  term: count.map((value) => Math.max(1, value)),
  timeMs: count,
  kind: fc.constantFrom("noop" as const, "command" as const, "config" as const),
  payload: fc.uint8Array({ maxLength: 60 }),
});
const badFrame = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_FRAME" });

function failure(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("an entry survives its frame, wherever in a buffer it lies", () => {
  fc.assert(
    fc.property(
      draft,
      fc.uint8Array({ maxLength: 9 }),
      fc.uint8Array({ maxLength: 9 }),
      (facts, before, after) => {
        const { frame } = encodeEntry(facts);
        const bytes = Uint8Array.from([...before, ...frame, ...after]);
        const { frame: read, payload, ...rest } = decodeEntry(bytes, before.length);
        expect(Buffer.compare(read, frame)).toBe(0);
        expect(Buffer.compare(payload, facts.payload)).toBe(0);
        expect({ ...rest, payload: facts.payload }).toEqual(facts);
      },
    ),
  );
});

test("a change of any one byte is found", () => {
  fc.assert(
    fc.property(draft, fc.integer({ min: 1, max: 255 }), (facts, flip) => {
      const { frame } = encodeEntry(facts);
      for (let position = 0; position < frame.length; position += 1) {
        const bytes = Uint8Array.from(frame);
        bytes[position] = (bytes[position] ?? 0) ^ flip;
        expect(failure(() => decodeEntry(bytes, 0))).toEqual(badFrame);
      }
    }),
    { numRuns: 30 },
  );
});

test("whatever a sealed frame says, it is the one way to say so or is refused", () => {
  const number = fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  const numbers = fc.tuple(number, number, number);
  const kind = fc.oneof(fc.nat(3), fc.nat(255));
  fc.assert(
    fc.property(kind, numbers, fc.uint8Array({ maxLength: 20 }), (kindByte, values, payload) => {
      const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
      bytes.writeUInt32BE(bytes.length, 0);
      bytes[8] = kindByte;
      for (const [k, value] of values.entries()) bytes.writeBigUInt64BE(value, 9 + 8 * k);
      bytes.set(payload, frameHeaderBytes);
      bytes.writeUInt32BE(crc32(bytes.subarray(8), crc32(bytes.subarray(0, 4))), 4);
      const why = failure(() => {
        const entry = decodeEntry(bytes, 0);
        expect(Buffer.compare(encodeEntry(entry).frame, bytes)).toBe(0);
      });
      expect([undefined, badFrame]).toContainEqual(why);
    }),
    { numRuns: 300 },
  );
});

test("a frame cut short anywhere is found", () => {
  const { frame } = encodeEntry({
    index: 7,
    term: 3,
    timeMs: 5,
    kind: "command",
    payload: new Uint8Array(20),
  });
  for (let length = 0; length < frame.length; length += 1) {
    expect(failure(() => decodeEntry(frame.subarray(0, length), 0))).toEqual(badFrame);
  }
  expect(frame.length).toBe(frameHeaderBytes + 20);
});

test.each([
  { index: 0, term: 1, timeMs: 0 },
  { index: 1, term: 0, timeMs: 0 },
  { index: 1, term: 1, timeMs: -1 },
  { index: 2 ** 53, term: 1, timeMs: 0 },
  { index: 1.5, term: 1, timeMs: 0 },
])("an entry out of range is never encoded: %o", (facts) => {
  const error = failure(() => encodeEntry({ ...facts, kind: "noop", payload: new Uint8Array(0) }));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_INTERNAL" });
});

const steps = fc.array(
  fc.record({ term: fc.nat(2), time: fc.nat(9), payload: fc.uint8Array({ maxLength: 20 }) }),
);

const sound = { index: 5, term: 3, timeMs: 9, kind: "command", payload: Uint8Array.of(1, 2) } as const;

/** A frame with an intact checksum in which one number, or the kind, is another. */
function frameWith(at: number, bytes: readonly number[]): Uint8Array {
  const frame = Uint8Array.from(encodeEntry(sound).frame);
  frame.set(bytes, at);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, frame.length);
  new DataView(frame.buffer).setUint32(4, crc32(frame.subarray(8), crc32(length)));
  return frame;
}

test.each([
  ["a term of none", 9, [0, 0, 0, 0, 0, 0, 0, 0]],
  ["an index of none", 17, [0, 0, 0, 0, 0, 0, 0, 0]],
  ["a term that no number holds exactly", 9, [0, 0x20, 0, 0, 0, 0, 0, 0]],
  ["an index beyond every number", 17, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ["a time that no number holds exactly", 25, [0, 0x20, 0, 0, 0, 0, 0, 1]],
  ["an unknown kind", 8, [3]],
])("%s is refused, though the checksum is right", (_, at, bytes) => {
  expect(decodeEntry(frameWith(8, [1]), 0)).toMatchObject({ index: 5, term: 3, kind: "command" });
  expect(failure(() => decodeEntry(frameWith(at, bytes), 0))).toEqual(badFrame);
});

test("a run of entries survives packing", () => {
  fc.assert(
    fc.property(
      count.map((value) => (value % 2 ** 40) + 1),
      steps,
      (first, items) => {
        let term = 1;
        let timeMs = 0;
        const entries = items.map((item, k) => {
          term += item.term;
          timeMs += item.time;
          return encodeEntry({ index: first + k, term, timeMs, kind: "command", payload: item.payload });
        });
        const read = decodeRun(encodeRun(entries));
        expect(read.map(({ index, term: t, timeMs: time }) => [index, t, time])).toEqual(
          entries.map(({ index, term: t, timeMs: time }) => [index, t, time]),
        );
        expect(Buffer.compare(encodeRun(read), encodeRun(entries))).toBe(0);
      },
    ),
  );
});

test.each([
  ["a gap", { index: 3, term: 1, timeMs: 1 }],
  ["a repeat", { index: 1, term: 1, timeMs: 1 }],
  ["an earlier term", { index: 2, term: 0.5, timeMs: 1 }],
  ["an earlier time", { index: 2, term: 2, timeMs: 0 }],
])("a run with %s is refused", (_, next) => {
  const payload = new Uint8Array(0);
  const second = encodeEntry({ ...next, term: Math.max(1, next.term), kind: "noop", payload });
  const first = encodeEntry({ index: 1, term: next.term < 1 ? 2 : 1, timeMs: 1, kind: "noop", payload });
  expect(failure(() => decodeRun(encodeRun([first, second])))).toEqual(badFrame);
});

test("a configuration survives its payload, and takes its index from the entry", () => {
  const configuration = founded(["a", "b.c-d_E", "z9"]);
  expect(decodeConfiguration(encodeConfiguration(configuration), 12)).toEqual({
    ...configuration,
    index: 12,
  });
});

test("a joint configuration with learners survives its payload", () => {
  const configuration = jointOf(["a", "b"], ["b", "c", "d"], ["d", "e"]);
  expect(decodeConfiguration(encodeConfiguration(configuration), 0)).toEqual(configuration);
});

test("a configuration of a log is readable though it names an address that would be refused today", () => {
  const configuration = founded(["a"]);
  for (const address of ["[fe80::1%eth0]:7400", "[1:2]:9", "1.2.3.4.5:9", "0.0.0.0:1"]) {
    const voters = configuration.voters.map((member) => ({ ...member, address }));
    expect(decodeConfiguration(encodeConfiguration({ ...configuration, voters }), 1).voters).toEqual(voters);
  }
});

const name = "0".repeat(32);
const voter = ["a", "a:1", name];
const other = ["b", "b:1", "1".repeat(32)];
const rest = [[], [], false];

test.each([
  ["no voters", [name, [], ...rest]],
  ["voters out of order", [name, [["b", "b:1", name], voter], ...rest]],
  ["a voter twice", [name, [voter, voter], ...rest]],
  ["a bad id", [name, [["a b", "a:1", name]], ...rest]],
  ["an incarnation of another length", [name, [["a", "a:1", "00"]], ...rest]],
  ["a history of other characters", ["G".repeat(32), [voter], ...rest]],
  ["a voter with too few facts", [name, [["a", "a:1"]], ...rest]],
  ["a voter with too many facts", [name, [[...voter, true]], ...rest]],
  ["a learner with too many facts", [name, [voter], [], [[...other, true, true]], false]],
  ["a voter without a port", [name, [["a", "a", name]], ...rest]],
  ["another shape", { historyId: name }],
  ["too many voters", [name, Array.from({ length: 32 }, (_, k) => [`n${100 + k}`, "a:1", name]), ...rest]],
  ["nothing but voters", [name, [voter]]],
  ["a learner who votes", [name, [voter], [], [[...voter, true]], false]],
  ["a learner of three facts", [name, [voter], [], [other], false]],
  [
    "learners out of order",
    [
      name,
      [voter],
      [],
      [
        ["c", "c:1", name, true],
        [...other, true],
      ],
      false,
    ],
  ],
  ["an outgoing voter with other data", [name, [voter], [["a", "a:1", "2".repeat(32)]], [], false]],
  ["an outgoing voter at another address", [name, [voter], [["a", "a:2", name]], [], false]],
  [
    "a learner with other data than it goes out with",
    [name, [voter], [other], [["b", "b:1", name, true]], false],
  ],
  ["a lease setting that is none", [name, [voter], [], [], 1]],
])("a configuration with %s is refused", (_, value) => {
  expect(failure(() => decodeConfiguration(encode(value), 1))).toEqual(badFrame);
});

test("bytes that are no configuration at all are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(failure(() => decodeConfiguration(bytes, 1))).toEqual(badFrame);
    }),
  );
});

test("a founding configuration never travels as an entry", () => {
  expect(failure(() => decodeConfiguration(encodeConfiguration(founding(["a"])), 1))).toEqual(badFrame);
});
