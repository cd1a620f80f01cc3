import { describe, expect, test } from "vitest";
import { checkText, worstExitCode } from "../src/check-file.ts";

const create = `{"id":0,"client":0,"op":{"type":"create","path":"/a","value":"x"},"invoke_ns":0,"return_ns":10,"outcome":"ok","result":{"zxid":1}}\n`;
const read = (value: string): string =>
  `{"id":1,"client":0,"op":{"type":"get","path":"/a"},"invoke_ns":20,"return_ns":30,"outcome":"ok","result":{"value":"${value}"}}\n`;

describe("checkText", () => {
  test("prints the verdict and its counts", () => {
    expect(checkText(create + read("x"))).toEqual({
      exitCode: 0,
      line: "linearizable ops=2 checked=2 dropped=0 unknown=0",
      others: ["ZxidWitness good checked=1"],
      detail: "",
    });
  });

  test("says where a bad history goes wrong", () => {
    const result = checkText(create + read("y"));
    expect(result).toMatchObject({
      exitCode: 1,
      line: "NOT linearizable ops=2 checked=2 dropped=0 unknown=0",
    });
    expect(result.detail).toContain("no place for #1 client 0 [20, 30] get");
  });

  test.each([
    ["an empty file", ""],
    ["one without a record", '{"kind":"meta","v":1}\n'],
    ["one of records that nobody reads", '{"kind":"fault","what":"crash"}\n'],
    ["one of calls that say nothing", create.replace('"ok","result":{"zxid":1}', '"fail","result":null')],
  ])("takes %s for nothing that is good", (_, text) => {
    expect(checkText(text)).toMatchObject({ exitCode: 3, others: [], detail: "" });
    expect(checkText(text).line).toMatch(/^nothing to judge ops=\d checked=0/);
  });

  test("names the line of a malformed history", () => {
    expect(checkText(`${create}oops`)).toEqual({
      exitCode: 2,
      line: "malformed",
      others: [],
      detail: "BAD_JSON line 2: not JSON",
    });
  });
});

test("the worst file decides the exit code", () => {
  expect(worstExitCode([])).toBe(0);
  expect(worstExitCode([0, 3])).toBe(3);
  expect(worstExitCode([3, 1, 0])).toBe(1);
  expect(worstExitCode([1, 2])).toBe(2);
});
