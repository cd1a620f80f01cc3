import {
  readArray,
  readBoolean,
  readBytes,
  readInt,
  readList,
  readOneOf,
  readOptionalBoolean,
  readOptionalString,
  readOptionalUint,
  readString,
  readUint,
} from "@flotilla/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { throwsWith } from "../src/conformance/expect.ts";

const bytes = Uint8Array.of(1, 2, 3);

describe("shape readers", () => {
  test("give back what fits", () => {
    expect(readArray([1, 2], "x", 2, 2)).toEqual([1, 2]);
    expect(readString("äö", "x", 4)).toBe("äö");
    expect(readBytes(bytes, "x", 3)).toBe(bytes);
    expect(readUint(0, "x")).toBe(0);
    expect(readUint(Number.MAX_SAFE_INTEGER, "x")).toBe(Number.MAX_SAFE_INTEGER);
    expect(readUint(7, "x", 7)).toBe(7);
    expect(readInt(-7, "x")).toBe(-7);
    expect(readBoolean(false, "x")).toBe(false);
    expect(readOneOf("b", "x", ["a", "b"])).toBe("b");
    expect(readList([1, 2], "x", 2, readUint)).toEqual([1, 2]);
  });

  test("treat null and absence alike when the item is optional", () => {
    for (const absent of [null, undefined]) {
      expect(readOptionalString(absent, "x", 1)).toBe(undefined);
      expect(readOptionalUint(absent, "x")).toBe(undefined);
      expect(readOptionalBoolean(absent, "x")).toBe(undefined);
    }
    expect(readOptionalString("a", "x", 1)).toBe("a");
    expect(readOptionalUint(5, "x")).toBe(5);
    expect(readOptionalBoolean(true, "x")).toBe(true);
  });

  test.each<[string, () => unknown]>([
    ["a short array", () => readArray([1], "x", 2, 3)],
    ["a long array", () => readArray([1, 2, 3, 4], "x", 2, 3)],
    ["an object for an array", () => readArray({ length: 2 }, "x", 0, 9)],
    ["a number for a text", () => readString(1, "x", 9)],
    ["a text of too many bytes", () => readString("äöü", "x", 5)],
    ["a text of too many characters", () => readString("abc", "x", 2)],
    ["a text for bytes", () => readBytes("abc", "x", 9)],
    ["too many bytes", () => readBytes(bytes, "x", 2)],
    ["a negative integer", () => readUint(-1, "x")],
    ["a negative zero", () => readUint(-0, "x")],
    ["a fraction", () => readUint(1.5, "x")],
    ["an unsafe integer", () => readUint(2 ** 53, "x")],
    ["a bigint", () => readUint(1n, "x")],
    ["not a number", () => readUint(Number.NaN, "x")],
    ["an integer above its bound", () => readUint(8, "x", 7)],
    ["an unsafe negative integer", () => readInt(-(2 ** 53), "x")],
    ["a number for a boolean", () => readBoolean(1, "x")],
    ["a text that is no choice", () => readOneOf("c", "x", ["a", "b"])],
    ["an item of a list that does not fit", () => readList([1, "2"], "x", 9, readUint)],
    ["a list that is too long", () => readList([1, 2], "x", 1, readUint)],
    ["an optional item of another kind", () => readOptionalUint("1", "x")],
  ])("refuse %s", (_what, read) => {
    throwsWith(read, "ERR_FLOTILLA_BAD_FRAME");
  });

  test("name what was wrong", () => {
    expect(() => readUint("no", "entry term")).toThrow(/^entry term: /);
  });

  test("measure a text by its UTF-8 bytes, not by its characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 40 }), (text, max) => {
        const fits = Buffer.byteLength(text) <= max;
        if (fits) expect(readString(text, "x", max)).toBe(text);
        else throwsWith(() => readString(text, "x", max), "ERR_FLOTILLA_BAD_FRAME");
      }),
    );
  });
});
