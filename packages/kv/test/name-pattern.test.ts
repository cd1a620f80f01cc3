import fc from "fast-check";
import { expect, test } from "vitest";
import { isNamePattern, NamePattern } from "../src/index.ts";

test("a pattern fits what the same regular expression does", () => {
  const text = fc.array(fc.constantFrom("a", "b", "."), { maxLength: 8 }).map((parts) => parts.join(""));
  const pattern = fc.array(fc.constantFrom("a", "b", ".", "*", "*"), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (parts, name) => {
      const source = parts.map((part) => (part === "*" ? ".*" : part === "." ? "[.]" : part)).join("");
      expect(new NamePattern(parts.join("")).fits(name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["*", true],
  ["a-*.lock", true],
  ["*".repeat(8), true],
  ["é".repeat(256), true],
  ["", false],
  ["a/b", false],
  ["*".repeat(9), false],
  ["a".repeat(257), false],
  [7, false],
])("%j is a pattern: %j", (pattern, expected) => {
  expect(isNamePattern(pattern as string)).toBe(expected);
});
