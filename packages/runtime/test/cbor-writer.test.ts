import { CborWriter, decode, encode } from "@flotilla/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 100 }),
  fc.string({ maxLength: 300 }),
  fc
    .tuple(
      fc.constantFrom("a", "é", "€", "😀"),
      fc.constantFrom(7, 8, 11, 12, 23, 24, 25, 128, 255, 256, 65_536),
    )
    .map(([unit, times]) => unit.repeat(times)),
);
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc
    .tuple(fc.constantFrom(24, 2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 53), fc.constantFrom(-1, 0, 1))
    .chain(([edge, by]) => fc.constantFrom(edge + by, -edge + by)),
);
const leaf = fc.oneof(
  fc.constantFrom(null, true, false),
  number,
  text,
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 0, max: 70_000 }).map((length) => new Uint8Array(length).fill(7)),
);
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 30 })),
}));

/** Whole, or as a part of more bytes. */
function writeBytes(writer: CborWriter, value: Uint8Array): void {
  if (value.length % 2 === 0) {
    writer.bytes(value);
    return;
  }
  const around = new Uint8Array(value.length + 5);
  around.set(value, 2);
  writer.byteString(value.length);
  writer.appendPart(around, 2, value.length);
}

function write(writer: CborWriter, value: unknown): void {
  if (value === null) writer.null();
  else if (typeof value === "boolean") writer.boolean(value);
  else if (typeof value === "number") writer.number(value);
  else if (typeof value === "string") writer.text(value);
  else if (value instanceof Uint8Array) writeBytes(writer, value);
  else if (Array.isArray(value)) {
    const isCounted = value.length % 2 === 0;
    const start = isCounted ? 0 : writer.beginArray();
    if (isCounted) writer.array(value.length);
    for (const item of value) write(writer, item);
    if (!isCounted) writer.endArray(start, value.length);
  }
}

function written(writer: CborWriter, value: unknown): Uint8Array {
  writer.begin();
  write(writer, value);
  return writer.finish();
}

describe("CborWriter", () => {
  test("writes the bytes that the general encoder writes", () => {
    const writer = new CborWriter();
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(Buffer.compare(written(writer, value), encode(value))).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  test("writes an integer that comes in two halves as it writes the whole", () => {
    const writer = new CborWriter();
    const edges = [0, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 53].flatMap((edge) => [edge - 1, edge, edge + 1]);
    const integer = fc.oneof(fc.constantFrom(...edges, ...edges.map((edge) => -edge)), fc.maxSafeInteger());
    fc.assert(
      fc.property(
        integer.filter((value) => Number.isSafeInteger(value)),
        (value) => {
          const high = Math.floor(value / 2 ** 30);
          writer.begin();
          writer.wide(high, value - high * 2 ** 30);
          expect(Buffer.compare(writer.finish(), encode(value))).toBe(0);
        },
      ),
    );
  });

  test("keeps the items of an array that ends where its memory does", () => {
    for (let length = 16_300; length < 16_400; length += 1) {
      const value = [new Uint8Array(length), [null]];
      expect(Buffer.compare(written(new CborWriter(), value), encode(value)), `${length}`).toBe(0);
    }
  });

  test("never touches a message again, whatever is written later or abandoned half-way", () => {
    const writer = new CborWriter();
    const one = fc.record({ value: anyValue, end: fc.constantFrom("finished", "lent", "abandoned") });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 60 }), (steps) => {
        const kept: { readonly message: Uint8Array; readonly wanted: Uint8Array }[] = [];
        for (const { value, end } of steps) {
          writer.begin();
          write(writer, value);
          if (end === "abandoned") continue;
          if (end === "lent") {
            expect(Buffer.compare(writer.lend(), encode(value))).toBe(0);
            continue;
          }
          kept.push({ message: writer.finish(), wanted: encode(value) });
        }
        for (const { message, wanted } of kept) expect(Buffer.compare(message, wanted)).toBe(0);
      }),
    );
  });

  test("gives out plain arrays, not buffers", () => {
    expect(Object.getPrototypeOf(written(new CborWriter(), ["a"]))).toBe(Uint8Array.prototype);
  });

  test("counts an array of any length behind its items", () => {
    const writer = new CborWriter();
    for (const length of [0, 1, 23, 24, 255, 256, 20_000, 65_535]) {
      writer.begin();
      writer.text("before");
      const start = writer.beginArray();
      for (let k = 0; k < length; k += 1) writer.number(k);
      writer.endArray(start, length);
      const items = encode(Array.from({ length }, (_, k) => k));
      expect(Buffer.compare(writer.finish(), Buffer.concat([encode("before"), items]))).toBe(0);
    }
  });

  test("puts a byte string together from parts", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 8 }), (parts) => {
        const writer = new CborWriter();
        writer.begin();
        writer.byteString(parts.reduce((sum, part) => sum + part.length, 0));
        for (const part of parts) writer.append(part);
        expect(Buffer.compare(writer.finish(), encode(new Uint8Array(Buffer.concat(parts))))).toBe(0);
      }),
    );
  });

  test("writes hex of the right length and refuses any other text without a trace", () => {
    const writer = new CborWriter();
    const digits = fc.integer({ min: 1, max: 40 });
    const hex = fc.string({
      unit: fc.constantFrom(...Array.from("0123456789abcdefABgé")),
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(hex, digits, fc.boolean(), (value, length, fitting) => {
        const wanted = fitting ? value.length : length;
        const isHex = value.length === wanted && /^[0-9a-f]+$/.test(value);
        writer.begin();
        writer.array(isHex ? 1 : 0);
        expect(writer.hex(value, wanted)).toBe(isHex);
        expect(Buffer.compare(writer.finish(), encode(isHex ? [value] : []))).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("writes half of a surrogate pair as the replacement character", () => {
    for (const around of ["a", "a".repeat(100)]) {
      const bytes = written(new CborWriter(), `${around}\ud800${around}`);
      expect(decode(bytes)).toBe(`${around}\ufffd${around}`);
    }
  });
});
