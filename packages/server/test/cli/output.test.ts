import { expect, test } from "vitest";
import { printable, tableText } from "../../src/cli/output.ts";
import { jsonValue, parseCount } from "../../src/cli/values.ts";

test("a table is aligned and has no blanks at line ends", () => {
  expect(
    tableText(
      ["ID", "ROLE"],
      [
        ["n1", "leader"],
        ["longer", "x"],
      ],
    ),
  ).toBe("ID      ROLE\nn1      leader\nlonger  x");
});

test("what is stored cannot steer the terminal", () => {
  expect(printable("a\u001b[31mred\nnext\u202e")).toBe("a\\u001b[31mred\\u000anext\\u202e");
  expect(tableText([], [["\u001b[2J"]])).toBe("\\u001b[2J");
});

test("a value is text when it is UTF-8, else base64", () => {
  expect(jsonValue(new TextEncoder().encode("\ufeffgrün"))).toEqual({
    value: "\ufeffgrün",
    encoding: "utf8",
  });
  expect(jsonValue(Uint8Array.of(0xff, 0))).toEqual({ value: "/wA=", encoding: "base64" });
});

test("a version is a whole number that a double holds", () => {
  expect(parseCount("0", "--if-version")).toBe(0);
  for (const text of ["", "1.5", "-1", "1e3", "99999999999999999"]) {
    expect(() => parseCount(text, "--if-version")).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
  }
});
