import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode, FlotillaError } from "@flotilla/runtime";
import { miscounted, misshapen } from "@flotilla/runtime/conformance";
import {
  decodeCommand,
  decodeResult,
  encodeCommand,
  encodeResult,
  limits,
  Machine,
  validateOperation,
} from "../src/index.ts";
import type { KvCommand, Operation, Result } from "../src/index.ts";
import { makeCommand, runWithHistories } from "./arbitraries.ts";
import type { CommandStep } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { packedCommand, packedResult } from "./packed.ts";
import { create, Driver, idOf, secretOf } from "./support.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    return FlotillaError.is(error) ? error.code : `untyped: ${String(error)}`;
  }
}

function commandsOf(steps: readonly CommandStep[]): KvCommand[] {
  const golden = new GoldenModel();
  return steps.map((next) => {
    const command = makeCommand(next, golden.state);
    golden.apply(command, 0);
    return command;
  });
}

const commands = runWithHistories(30).map((steps) =>
  commandsOf(steps.filter((next): next is CommandStep => next.kind !== "restore" && next.kind !== "freeze")),
);

test("commands survive the way through bytes, which are those of their layout", () => {
  fc.assert(
    fc.property(commands, (made) => {
      for (const command of made) {
        const bytes = encodeCommand(command);
        expect(Buffer.compare(bytes, encode(packedCommand(command)))).toBe(0);
        expect(plain(decodeCommand(bytes))).toEqual(plain(command));
      }
    }),
    { numRuns: 50 },
  );
  // Also the largest: what a leader takes, everybody must be able to read.
  for (const bytes of [limits.valueBytes - 1, limits.valueBytes, limits.valueBytes + 1]) {
    const operation = { type: "put", path: "/a", value: new Uint8Array(bytes), if: {} } as const;
    const command: KvCommand = { type: "request", session: idOf(1), attach: 1, seq: 1, ack: 0, operation };
    const read = decodeCommand(encodeCommand(command));
    expect(read).toMatchObject({ operation: { value: { length: bytes } } });
  }
}, 120_000);

/** Byte strings as plain arrays: whether they are a `Buffer` is not part of what is said. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const beyond: Result = {
  ok: false,
  revision: 1,
  code: "ERR_FLOTILLA_QUOTA",
  failed: 3,
  excess: { path: "/é", kind: "leases", limit: 2, used: 2, wanted: 3 },
};

test("results survive the way through bytes, which are those of their layout", () => {
  const stat = new Machine().exists("/");
  const results: Result[] = [
    { ok: true, revision: 7, results: [] },
    {
      ok: true,
      revision: 2 ** 40,
      results: [
        { ok: true, path: "/a", stat },
        { ok: true, path: "/é", stat: null },
        { ok: true, path: "/n", stat, sum: 1 - 2 ** 53 },
        { ok: false, code: "ERR_FLOTILLA_HELD" },
      ],
    },
    { ok: false, revision: 1, code: "ERR_FLOTILLA_FENCED", failed: 3 },
    { ok: false, revision: 1, code: "ERR_FLOTILLA_FENCED", failed: null },
    beyond,
    { ...beyond, failed: null, branch: "else" },
  ];
  for (const result of results) {
    const bytes = encodeResult(result);
    expect(Buffer.compare(bytes, encode(packedResult(result)))).toBe(0);
    expect(decodeResult(bytes)).toEqual(result);
  }
});

test("a result with an item too many, of another kind or miscounted is refused", () => {
  const root = new Machine().exists("/");
  const stat = root === null ? null : { ...root, mtimeMs: 1_700_000_000_000 };
  const results: Result[] = [
    { ok: true, revision: 7, results: [{ ok: true, path: "/a", stat }] },
    { ok: false, revision: 1, code: "ERR_FLOTILLA_FENCED", failed: 3 },
    { ...beyond, branch: "then" },
  ];
  for (const result of results) {
    const packed = packedResult(result);
    for (const bytes of [...[...misshapen(packed)].map(encode), ...miscounted(packed)])
      expect(codeOf(() => decodeResult(bytes))).toBe("ERR_FLOTILLA_BAD_FRAME");
  }
});

test("a command with an item too many, of another kind or miscounted is refused", () => {
  fc.assert(
    fc.property(commands, (made) => {
      for (const command of made) {
        const packed = packedCommand(command);
        for (const bytes of [...[...misshapen(packed)].map(encode), ...miscounted(packed)])
          expect(codeOf(() => decodeCommand(bytes))).toBe("ERR_FLOTILLA_BAD_FRAME");
      }
    }),
    { numRuns: 20 },
  );
});

test("bytes that are no command stop the machine with a typed error before anything changes", () => {
  const mutated = fc.tuple(
    commands,
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
    fc.nat(),
  );
  let refused = 0;
  fc.assert(
    fc.property(mutated, ([made, edits, cut]) => {
      const driver = new Driver();
      driver.open(1);
      for (const command of made) {
        const payload = encodeCommand(command).slice();
        for (const [at, byte] of edits) payload[at % payload.length] = byte;
        const bytes = cut % 3 === 0 ? payload.slice(0, cut % payload.length) : payload;
        const before = [driver.machine.digest(), driver.machine.applied, driver.machine.lastIndex];
        const index = driver.machine.lastIndex + 1;
        const code = codeOf(() => driver.machine.apply(bytes, { index, timeMs: 0 }));
        if (code === "none") continue;
        refused += 1;
        expect(["ERR_FLOTILLA_INTERNAL", "ERR_FLOTILLA_UNSUPPORTED"]).toContain(code);
        expect([driver.machine.digest(), driver.machine.applied, driver.machine.lastIndex]).toEqual(before);
      }
    }),
    { numRuns: 150 },
  );
  expect(refused).toBeGreaterThan(100);
}, 120_000);

test("any CBOR, and any bytes, decode or are refused with a typed error", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.anything({ withNullPrototype: false }).map((value) => {
      try {
        return encode(value);
      } catch {
        return new Uint8Array();
      }
    }),
    fc
      .array(fc.oneof(fc.nat(9), fc.constant(null), fc.constant(idOf(1)), fc.string(), fc.uint8Array()))
      .map((fields) => encode([1, ...fields])),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      expect(["none", "ERR_FLOTILLA_BAD_FRAME", "ERR_FLOTILLA_UNSUPPORTED"]).toContain(
        codeOf(() => decodeCommand(bytes)),
      );
      expect(["none", "ERR_FLOTILLA_BAD_FRAME"]).toContain(codeOf(() => decodeResult(bytes)));
    }),
    { numRuns: 2_000 },
  );
}, 120_000);

describe("encodeCommand", () => {
  const good: KvCommand = { type: "attach", session: idOf(1), secret: secretOf(1), attach: 1, ttlMs: null };
  const operation: Operation = { type: "close" };
  const request: KvCommand = { type: "request", session: idOf(1), attach: 1, seq: 2, ack: 1, operation };
  const bad: [string, unknown][] = [
    ["an id that is not hex", { ...good, session: "x".repeat(32) }],
    ["a short secret", { ...good, secret: new Uint8Array(15) }],
    ["attach number 0", { ...good, attach: 0 }],
    ["a fraction", { ...good, ttlMs: 0.5 }],
    ["an acknowledgement of itself", { ...request, ack: 2 }],
    ["seq 0", { ...request, seq: 0, ack: 0 }],
    ["an unknown operation", { ...request, operation: { type: "rename" } }],
    [
      "an operation without conditions",
      { ...request, operation: { type: "delete", path: "/a", force: false } },
    ],
    ["an unknown command", { type: "drop" }],
    ["nothing", null],
  ];
  test.each(bad)("refuses %s", (_name, command) => {
    expect(codeOf(() => encodeCommand(good))).toBe("none");
    expect(codeOf(() => encodeCommand(command as KvCommand))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  });
});

describe("validateOperation", () => {
  const value = new Uint8Array(limits.valueBytes + 1);
  const cases: [string, unknown, string][] = [
    ["a good create", create("/a"), "none"],
    ["a sequential name of digits only", create("/a/", { sequential: true }), "none"],
    ["a relative path", create("a"), "BAD_PATH"],
    ["a large value", { type: "put", path: "/a", value, if: {} }, "TOO_LARGE"],
    ["a value that is a text", { ...create("/a"), value: "text" }, "BAD_ARGUMENT"],
    [
      "a condition that belongs to check",
      { type: "set", path: "/a", value: value.slice(0, 1), if: { exists: true } },
      "BAD_ARGUMENT",
    ],
    ["a negative version", { type: "delete", path: "/a", if: { version: -1 }, force: false }, "BAD_ARGUMENT"],
    ["the root deleted", { type: "delete", path: "/", if: {}, force: false }, "BAD_ARGUMENT"],
    ["a lease that is no id", create("/a", { lease: "mine" }), "BAD_ARGUMENT"],
    ["a multi in a multi", { type: "multi", ops: [{ type: "multi", ops: [] }] }, "BAD_ARGUMENT"],
    ["a bad path in a multi", { type: "multi", ops: [create("/a"), create("/a/")] }, "BAD_PATH"],
    ["a short ttl", { type: "grant", lease: idOf(1), ttlMs: 1 }, "BAD_ARGUMENT"],
    ["nothing", undefined, "BAD_ARGUMENT"],
  ];
  test.each(cases)("%s", (_name, op, code) => {
    const found = codeOf(() => validateOperation(op as Operation));
    expect(found.replace("ERR_FLOTILLA_", "")).toBe(code);
  });
});

function beginnings(revision: number): readonly KvCommand[] {
  return [
    { type: "begin-history", revision },
    { type: "begin-restored", revision, graceMs: 0 },
  ];
}

test("a history begins where as many revisions again are exact numbers, or not at all", () => {
  for (const command of beginnings(2 ** 52)) expect(decodeCommand(encodeCommand(command))).toEqual(command);
  for (const command of beginnings(2 ** 52 + 1)) {
    expect(codeOf(() => encodeCommand(command))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    expect(codeOf(() => decodeCommand(encode(packedCommand(command))))).toBe("ERR_FLOTILLA_BAD_FRAME");
  }
});
