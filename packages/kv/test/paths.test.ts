import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlotillaError } from "@flotilla/runtime";
import { isPath, limits, nameOf, parentOf, prefixOf, validatePath } from "../src/index.ts";

describe("a path", () => {
  const good = [
    "/",
    "/a",
    "/a/b",
    "/a/..b",
    "/a/b..",
    "/...",
    "/a b",
    "/é/日本",
    "/~",
    "/\u00a0",
    "/\uf900",
    "/\uffef",
  ];
  test.each(good)("%j is one", (path) => {
    expect(isPath(path)).toBe(true);
    expect(() => validatePath(path)).not.toThrow();
  });

  const controls = [
    "\u0000",
    "\u0001",
    "\u001f",
    "\u007f",
    "\u009f",
    "\ud800",
    "\ue000",
    "\uf8ff",
    "\ufff0",
    "\uffff",
  ];
  const bad = ["", "a", "a/b", "//", "/a/", "/a//b", "//a", "/.", "/..", "/a/./b", "/a/..", "/a/../b", "/😀"];
  test.each([...bad, ...controls.map((unit) => `/a${unit}b`)])("%j is none", (path) => {
    expect(isPath(path)).toBe(false);
    expect(() => validatePath(path)).toThrow(FlotillaError);
  });

  test("has the shape that one expression says", () => {
    const forbidden = String.raw`\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff`;
    const shape = new RegExp(String.raw`^(?:/(?!\.{1,2}(?:/|$))[^/${forbidden}]+)+$`);
    const piece = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("/", ".", "..", "a", "é", ...controls) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) },
    );
    const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    let paths = 0;
    fc.assert(
      fc.property(fc.boolean(), text, (isRooted, rest) => {
        const path = isRooted ? `/${rest}` : rest;
        const isOne = path === "/" || shape.test(path);
        if (isOne) paths += 1;
        expect(isPath(path)).toBe(isOne);
      }),
      { numRuns: 3_000 },
    );
    expect(paths).toBeGreaterThan(100);
  });

  test("that is none is shown as far as 100 characters, and what is no text by its type", () => {
    const long = `/${"a".repeat(limits.pathBytes)}`;
    expect(() => validatePath(long)).toThrow(`not a valid path: ${JSON.stringify(long.slice(0, 100))}`);
    expect(() => validatePath(long)).not.toThrow(long.slice(0, 101));
    expect(() => validatePath(7 as unknown as string)).toThrow("not a valid path: a number");
  });

  test("is bounded in bytes of UTF-8", () => {
    const half = limits.pathBytes / 2;
    expect(isPath(`/${"a".repeat(limits.pathBytes - 1)}`)).toBe(true);
    expect(isPath(`/${"a".repeat(limits.pathBytes)}`)).toBe(false);
    expect(isPath(`/a${"é".repeat(half - 1)}`)).toBe(true);
    expect(isPath(`/aa${"é".repeat(half - 1)}`)).toBe(false);
  });

  test("is its parent's prefix and its name", () => {
    const name = fc.stringMatching(/^[a-z]{1,5}$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const path = `/${names.join("/")}`;
        expect(prefixOf(parentOf(path)) + nameOf(path)).toBe(path);
      }),
    );
    expect([parentOf("/"), nameOf("/"), prefixOf("/")]).toEqual(["/", "", "/"]);
  });
});
