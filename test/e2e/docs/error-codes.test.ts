import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCodes } from "@flotilla/runtime";
import { expect, test } from "vitest";

/** Of the log and the wire; no call of an app fails with them. */
const inner: readonly string[] = [
  "ERR_FLOTILLA_DROPPED",
  "ERR_FLOTILLA_GAP",
  "ERR_FLOTILLA_MOVED",
  "ERR_FLOTILLA_UNKNOWN_OUTCOME",
];

test("the page of the package says when each code comes that an app may get", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../packages/coord/README.md"), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `ERR_FLOTILLA_"));
  const told = rows.flatMap((row) => row.split("|")[1]?.match(/(?:ERR_FLOTILLA)?_[A-Z_]+/g) ?? []);
  const codes = told.map((code) => (code.startsWith("_") ? `ERR_FLOTILLA${code}` : code));
  const all = Object.keys(errorCodes).filter((code) => !inner.includes(code));
  expect(codes.toSorted()).toEqual(all.toSorted());
});
