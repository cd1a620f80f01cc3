import { decode, encode, FlotillaError } from "@flotilla/runtime";
import { throwsWith } from "../src/conformance/expect.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double().filter((value) => !Object.is(value, -0)),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 300 }),
);
const key = fc.string({ unit: "grapheme", maxLength: 20 }).filter((name) => name !== "__proto__");
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", maxDepth: 8 },
    leaf,
    fc.array(tie("value")),
    fc.dictionary(key, tie("value"), { noNullPrototype: true }),
  ),
}));

function refusal(bytes: number[] | Uint8Array): string {
  try {
    decode(Uint8Array.from(bytes));
  } catch (error) {
    expect(FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")).toBe(true);
    return error instanceof Error ? error.message : "";
  }
  return "decoded";
}

/** So many arrays around a zero. */
function nested(levels: number): number[] {
  return [...Array.from({ length: levels }, () => 0x81), 0x00];
}

describe("codec", () => {
  test("whatever is encoded decodes to the same", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decode(encode(value))).toStrictEqual(value);
      }),
    );
  });

  test("byte strings stay plain byte strings, whatever view they came in", () => {
    for (const bytes of [
      Uint8Array.of(1, 2, 3),
      Buffer.of(1, 2, 3),
      Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4),
    ]) {
      const encoded = encode([bytes]);
      expect([...encoded]).toEqual([0x81, 0x43, 1, 2, 3]);
      for (const source of [encoded, Buffer.from(encoded)]) {
        const [decoded] = decode(source) as [Uint8Array];
        expect(Object.getPrototypeOf(decoded)).toBe(Uint8Array.prototype);
        expect([...decoded]).toEqual([1, 2, 3]);
      }
    }
  });

  test("an encoded value is not overwritten by later ones", () => {
    const first = encode(["a", 1]);
    const kept = Uint8Array.from(first);
    for (let i = 0; i < 5000; i++) encode(["b".repeat(50), i]);
    expect(first).toEqual(kept);
    expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype);
  });

  test("decoding leaves nothing behind on the source", () => {
    const source = encode([1, "two"]);
    decode(source);
    expect(Object.keys(source)).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  test("arbitrary bytes decode or are refused by code, and never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refusal(bytes)),
      { numRuns: 5000 },
    );
  });

  test("a flipped, cut or extended message decodes or is refused by code", () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat({ max: 50 }),
        (value, where, flip, cut) => {
          const bytes = encode(value);
          const flipped = Uint8Array.from(bytes);
          flipped[where % bytes.length] = (flipped[where % bytes.length] ?? 0) ^ flip;
          refusal(flipped);
          expect(
            refusal(bytes.subarray(0, bytes.length - Math.max(1, Math.min(cut, bytes.length)))),
          ).not.toBe("decoded");
          expect(refusal([...bytes, 0])).toMatch("something follows");
        },
      ),
    );
  });

  test("what decodes encodes and decodes to the same again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        let value: unknown;
        try {
          value = decode(bytes);
        } catch {
          return;
        }
        expect(encode(decode(encode(value)))).toStrictEqual(encode(value));
      }),
      { numRuns: 20_000 },
    );
  });

  test("nesting is bounded", () => {
    expect(refusal(nested(32))).toBe("decoded");
    expect(refusal(nested(33))).toMatch("nests deeper");
    expect(refusal(nested(1_000_000))).toMatch("nests deeper");
    expect(refusal([...Array.from({ length: 100_000 }, () => [0xa1, 0x61, 0x61]).flat(), 0x00])).toMatch(
      "nests deeper",
    );
  });

  test("a length that promises more than is there is refused without allocating", () => {
    for (const head of [0x5a, 0x7a, 0x9a, 0xba])
      expect(refusal([head, 0xff, 0xff, 0xff, 0xff])).toMatch("ends early");
    expect(refusal([0x5b, 0, 0, 0, 0, 0, 0, 0, 1, 0])).toMatch("too large");
    expect(refusal([])).toMatch("ends early");
  });

  test("tags, indefinite lengths, odd keys, repeated keys and bad text are refused", () => {
    expect(refusal([0xc1, 0x00])).toMatch("tags");
    expect(refusal([0xd9, 0x01, 0x02, 0x80])).toMatch("tags");
    expect(refusal([0x9f, 0x00, 0xff])).toMatch("indefinite");
    expect(refusal([0xff])).toMatch("simple value");
    expect(refusal([0xf8, 0x20])).toMatch("simple value");
    expect(refusal([0x1c])).toMatch("integer");
    expect(refusal([0xa1, 0x01, 0x01])).toMatch("key is not a text");
    expect(refusal([0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02])).toMatch("repeats a key");
    expect(refusal([0x62, 0xc3, 0x28])).toMatch("UTF-8");
    expect(refusal([0x63, 0xed, 0xa0, 0x80])).toMatch("UTF-8");
  });

  test("no key reaches a prototype", () => {
    const hostile = [0xa1, 0x69, ...new TextEncoder().encode("__proto__"), 0xa1, 0x61, 0x78, 0x01];
    expect(refusal(hostile)).toMatch("reserved");
    const value = decode(encode({ constructor: 1, toString: 2 }));
    expect(Object.keys(value as object)).toEqual(["constructor", "toString"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["x"]).toBe(undefined);
  });

  test("a text with half a surrogate pair does not decode to another text", () => {
    const encoded = encode("a\ud800b");
    const outcome = refusal(encoded);
    if (outcome === "decoded") expect(decode(encoded)).toBe("a\ufffdb");
    else throwsWith(() => decode(encoded), "ERR_FLOTILLA_BAD_FRAME");
  });
});
