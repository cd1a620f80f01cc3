import {
  CborReader,
  decode,
  encode,
  expectItems,
  FlotillaError,
  readArray,
  readBoolean,
  readBytes,
  readInt,
  readString,
  readUint,
} from "@flotilla/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { throwsWith } from "../src/conformance/expect.ts";

/** What a message is to look like. */
type Shape =
  | { readonly kind: "uint" | "text" | "bytes"; readonly max: number }
  | { readonly kind: "int" | "boolean" | "hex" }
  | { readonly kind: "nullable" | "optional"; readonly of: Shape }
  | { readonly kind: "list"; readonly max: number; readonly of: Shape }
  | { readonly kind: "tuple"; readonly of: readonly Shape[] };

const leafShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({
    kind: fc.constant("uint" as const),
    max: fc.constantFrom(0, 5, 255, 2 ** 32, Number.MAX_SAFE_INTEGER),
  }),
  fc.record({
    kind: fc.constantFrom("text" as const, "bytes" as const),
    max: fc.constantFrom(0, 3, 60, 1_000),
  }),
  fc.record({ kind: fc.constantFrom("int" as const, "boolean" as const, "hex" as const) }),
);
const { shape: anyShape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3 },
    leafShape,
    fc.record({ kind: fc.constantFrom("nullable" as const, "optional" as const), of: leafShape }),
    fc.record({ kind: fc.constant("list" as const), max: fc.nat(6), of: tie("shape") }),
    fc.record({ kind: fc.constant("tuple" as const), of: fc.array(tie("shape"), { maxLength: 6 }) }),
  ),
}));

/** Reads the shape in one pass. */
function pull(reader: CborReader, shape: Shape): unknown {
  switch (shape.kind) {
    case "uint":
      return reader.uint("x", shape.max);
    case "int":
      return reader.int("x");
    case "boolean":
      return reader.boolean("x");
    case "text":
      return reader.text("x", shape.max);
    case "bytes":
      return reader.bytes("x", shape.max);
    case "hex":
      return reader.hex("x", 4);
    case "nullable":
      return reader.takeNull() ? null : pull(reader, shape.of);
    case "optional":
      return reader.takeNothing() ? undefined : pull(reader, shape.of);
    case "list":
      return reader.list("x", shape.max, (of) => pull(of, shape.of));
    default:
      expectItems("x", reader.array("x", 0, 8), shape.of.length);
      return shape.of.map((of) => pull(reader, of));
  }
}

/** Reads the shape out of what the general decoder made of the bytes. */
function pick(value: unknown, shape: Shape): unknown {
  switch (shape.kind) {
    case "uint":
      return readUint(value, "x", shape.max);
    case "int":
      return readInt(value, "x");
    case "boolean":
      return readBoolean(value, "x");
    case "text":
      return readString(value, "x", shape.max);
    case "bytes":
      return readBytes(value, "x", shape.max);
    case "hex":
      return /^[0-9a-f]{4}$/.test(readString(value, "x", 4)) ? value : readArray(null, "x", 0, 0);
    case "nullable":
      return value === null ? null : pick(value, shape.of);
    case "optional":
      return value === null || value === undefined ? undefined : pick(value, shape.of);
    case "list":
      return readArray(value, "x", 0, shape.max).map((item) => pick(item, shape.of));
    default: {
      const items = readArray(value, "x", shape.of.length, shape.of.length);
      return shape.of.map((of, k) => pick(items[k], of));
    }
  }
}

function outcome(read: () => unknown): unknown {
  try {
    return { read: read() };
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) return "refused";
    throw error;
  }
}

const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
const text = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: "grapheme", maxLength: 40 }));

/** Values that fit a shape, mostly. */
function fitting(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "uint":
    case "int":
      return fc.oneof(fc.constantFrom(...edges), fc.nat(300), fc.integer({ min: -300, max: 300 }));
    case "boolean":
      return fc.boolean();
    case "text":
      return text;
    case "bytes":
      return fc.uint8Array({ maxLength: 70 });
    case "hex":
      return fc.string({ unit: fc.constantFrom("0", "9", "a", "f"), minLength: 4, maxLength: 4 });
    case "nullable":
    case "optional":
      return fc.oneof(fc.constantFrom(null, undefined), fitting(shape.of));
    case "list":
      return fc.array(fitting(shape.of), { maxLength: shape.max });
    default:
      return fc.tuple(...shape.of.map(fitting));
  }
}

const shapeAndValue = anyShape.chain((shape) =>
  fc.tuple(fc.constant(shape), fc.oneof({ weight: 9, arbitrary: fitting(shape) }, fc.anything())),
);

/** The value in bytes, with numbers and lengths in any form that is allowed, and some that are not. */
function oddly(value: unknown, width: () => number): number[] {
  const head = (major: number, count: number): number[] => {
    const size = Math.max(width() % 5, count > 0xffff ? 3 : count > 0xff ? 2 : count > 23 ? 1 : 0);
    if (size === 0) return [(major << 5) | count];
    const bytes: number[] = [];
    for (let k = 2 ** (size - 1) - 1; k >= 0; k -= 1) bytes.push(Math.floor(count / 256 ** k) % 256);
    return [(major << 5) | (23 + size), ...bytes];
  };
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap((item) => oddly(item, width))];
  if (typeof value === "string") return [...head(3, Buffer.byteLength(value)), ...Buffer.from(value)];
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
  const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32;
  if (isCount && !Object.is(value, -0) && width() % 3 > 0) return head(0, value);
  if (typeof value !== "number") return [...encode(value)];
  const view = new DataView(new ArrayBuffer(9));
  const isShort = Math.fround(value) === value && width() % 2 === 0;
  view.setUint8(0, isShort ? 0xfa : 0xfb);
  if (isShort) view.setFloat32(1, value);
  else view.setFloat64(1, value);
  return [...new Uint8Array(view.buffer, 0, isShort ? 5 : 9)];
}

/** Both ways must agree: on what is read, or that it is refused. */
function agree(bytes: Uint8Array, shape: Shape): unknown {
  const pulled = outcome(() => {
    const reader = new CborReader(bytes);
    const value = pull(reader, shape);
    reader.end("x");
    return value;
  });
  expect(pulled).toStrictEqual(outcome(() => pick(decode(bytes), shape)));
  return pulled;
}

function encodable(value: unknown): Uint8Array {
  try {
    return encode(value);
  } catch {
    return new Uint8Array();
  }
}

describe("CborReader", () => {
  test("reads what the general decoder reads and refuses what it refuses", () => {
    let read = 0;
    fc.assert(
      fc.property(shapeAndValue, ([shape, value]) => {
        if (agree(encodable(value), shape) !== "refused") read += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  test("reads numbers and lengths in any form that the general decoder accepts", () => {
    fc.assert(
      fc.property(
        anyShape.chain((shape) => fc.tuple(fc.constant(shape), fitting(shape))),
        fc.infiniteStream(fc.nat(1_000)),
        ([shape, value], widths) => {
          agree(Uint8Array.from(oddly(value, () => widths.next().value ?? 0)), shape);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test("agrees with the general decoder on damaged, cut and extended bytes", () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(0x1b, 0x5f, 0x9f, 0xc0, 0xf6, 0xf7, 0xf9, 0xfb, 0xff)),
    );
    fc.assert(
      fc.property(
        shapeAndValue,
        fc.array(damage, { maxLength: 3 }),
        fc.nat(),
        fc.nat(2),
        ([shape, value], edits, cut, more) => {
          const bytes = Uint8Array.from(encodable(value));
          for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          agree(bytes, shape);
          agree(bytes.subarray(0, cut % (bytes.length + 1)), shape);
          agree(Uint8Array.from([...bytes, ...new Uint8Array(more)]), shape);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test("agrees with the general decoder on every float of 16 bits", () => {
    for (let bits = 0; bits < 0x1_0000; bits += 1) {
      const bytes = Uint8Array.of(0xf9, bits >> 8, bits & 0xff);
      const value = decode(bytes);
      const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
      if (outcome(() => new CborReader(bytes).int("x")) !== "refused") expect(isInteger).toBe(true);
      if (isInteger) expect(new CborReader(bytes).int("x")).toBe(value);
    }
  });

  test("agrees with the general decoder on random bytes", () => {
    fc.assert(
      fc.property(anyShape, fc.uint8Array({ maxLength: 60 }), (shape, bytes) => void agree(bytes, shape)),
      { numRuns: 3_000 },
    );
  });

  test("reads a text with a byte order mark as it was written", () => {
    for (const value of ["\ufeffa", `\ufeff${"a".repeat(100)}`])
      expect(new CborReader(encode(value)).text("x", 200)).toBe(value);
  });

  test("gives byte strings as plain views of the source", () => {
    const bytes = Buffer.concat([Buffer.of(9, 9), encode([Uint8Array.of(1, 2, 3)])]).subarray(2);
    const reader = new CborReader(bytes);
    reader.array("x", 1, 1);
    const read = reader.bytes("x", 3);
    expect(Object.getPrototypeOf(read)).toBe(Uint8Array.prototype);
    expect(read.buffer).toBe(bytes.buffer);
    expect([...read]).toEqual([1, 2, 3]);
  });

  test("refuses a length that promises more than is there before any work", () => {
    for (const head of [0x5a, 0x7a, 0x9a]) {
      const bytes = Uint8Array.of(head, 0xff, 0xff, 0xff, 0xff, 0);
      throwsWith(() => new CborReader(bytes).bytes("x", 2 ** 40), "ERR_FLOTILLA_BAD_FRAME");
      throwsWith(() => new CborReader(bytes).text("x", 2 ** 40), "ERR_FLOTILLA_BAD_FRAME");
      throwsWith(() => new CborReader(bytes).array("x", 0, 2 ** 40), "ERR_FLOTILLA_BAD_FRAME");
    }
  });

  test("names what was wrong", () => {
    expect(() => new CborReader(encode("no")).uint("entry term")).toThrow(/^entry term: /);
    expect(() => new CborReader(encode(1)).end("message")).toThrow(/^message: /);
  });
});

test("items that come again byte for byte are passed over, and nothing is taken when they do not", () => {
  for (const count of [1, 3, 100]) {
    const ids = Array.from({ length: count }, (_, k) => String(k).padStart(32, "0"));
    // Not at the beginning of its memory, as a frame off a socket.
    const message = (last: string): Uint8Array => {
      const bytes = encode([7, [...ids.slice(0, -1), last], 9]);
      const memory = new Uint8Array(bytes.length + 20);
      memory.set(bytes, 11);
      return memory.subarray(11, 11 + bytes.length);
    };
    const first = new CborReader(message(ids.at(-1) ?? ""));
    first.array("message", 3, 3);
    first.uint("seven");
    const start = first.at;
    expect(first.list("ids", count, (reader) => reader.text("id", 32))).toEqual(ids);
    for (const items of [first.copyFrom(start), first.charsFrom(start)]) {
      const again = new CborReader(message(ids.at(-1) ?? ""));
      again.array("message", 3, 3);
      expect(again.takeSame(items)).toBe(false);
      again.uint("seven");
      expect(again.takeSame(items)).toBe(true);
      expect(again.uint("nine")).toBe(9);
      again.end("message");
      expect(again.takeSame(items)).toBe(false);
      const other = new CborReader(message("f".repeat(32)));
      other.array("message", 3, 3);
      other.uint("seven");
      expect(other.takeSame(items)).toBe(false);
      expect(other.list("ids", count, (reader) => reader.text("id", 32)).at(-1)).toBe("f".repeat(32));
    }
  }
});

test("a copy of items does not change with the memory that they came in", () => {
  const bytes = Buffer.from(encode(["abc"]));
  const reader = new CborReader(bytes);
  reader.array("message", 1, 1);
  reader.text("text", 3);
  const copy = reader.copyFrom(1);
  const chars = reader.charsFrom(1);
  bytes.fill(0);
  expect(Buffer.from(copy).toString("latin1")).toBe("cabc");
  expect(chars).toBe("cabc");
});

test("items of bytes above 127 are known again by their characters", () => {
  const bytes = encode([Uint8Array.of(0, 127, 128, 255)]);
  const first = new CborReader(bytes);
  first.array("message", 1, 1);
  first.bytes("bytes", 4);
  const chars = first.charsFrom(1);
  for (const [k, same] of [true, false].entries()) {
    const next = bytes.map((byte, at) => (at === bytes.length - 1 ? byte - k : byte));
    const again = new CborReader(next);
    again.array("message", 1, 1);
    expect(again.takeSame(chars)).toBe(same);
  }
});
