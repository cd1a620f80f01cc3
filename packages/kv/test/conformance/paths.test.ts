import { describe, expect, test } from "vitest";
import { limits } from "../../src/index.ts";
import { create, Driver } from "../support.ts";

/** Tells the code of a create, when every part above the last is there. */
function made(path: string, sequential = false): string {
  const driver = new Driver();
  driver.open(1);
  for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1))
    driver.code(1, create(path.slice(0, at)));
  return driver.code(1, create(path, { sequential }));
}

/** Each rule, and paths that show it. */
const rules: [rule: string, path: string, code: string][] = [
  ["it is not empty", "", "BAD_PATH"],
  ["it starts with a slash", "a", "BAD_PATH"],
  ["it starts with a slash", "a/b", "BAD_PATH"],
  ["it starts with a slash, and nothing else", " /a", "BAD_PATH"],
  ["it does not end with one", "/a/", "BAD_PATH"],
  ["the root is a path", "/", "EXISTS"],
  ["no segment is empty", "//", "BAD_PATH"],
  ["no segment is empty", "/a//b", "BAD_PATH"],
  ["no segment is empty", "//a", "BAD_PATH"],
  ["no segment is a dot", "/.", "BAD_PATH"],
  ["no segment is a dot", "/a/./b", "BAD_PATH"],
  ["no segment is two dots", "/..", "BAD_PATH"],
  ["no segment is two dots", "/a/..", "BAD_PATH"],
  ["dots in a name are fine", "/.a", "ok"],
  ["dots in a name are fine", "/..a", "ok"],
  ["dots in a name are fine", "/a.", "ok"],
  ["dots in a name are fine", "/...", "ok"],
  ["blanks are fine", "/ a ", "ok"],
  ["letters of any language are fine", "/ärger/日本/ελ", "ok"],
  ["nothing is normalised: two ways to write a letter are two nodes", "/e\u0301", "ok"],
  ["letters keep their case", "/A", "ok"],
  ["a name that ZooKeeper keeps for itself is a name", "/zookeeper", "ok"],
  ["a name that ZooKeeper keeps for itself is a name", "/zookeeper/quota", "ok"],
];

/** The first and the last of what is forbidden, and their neighbours. */
const units: [unit: number, code: string][] = [
  [0x00, "BAD_PATH"],
  [0x01, "BAD_PATH"],
  [0x1f, "BAD_PATH"],
  [0x20, "ok"],
  [0x7e, "ok"],
  [0x7f, "BAD_PATH"],
  [0x9f, "BAD_PATH"],
  [0xa0, "ok"],
  [0xd7ff, "ok"],
  [0xe000, "BAD_PATH"],
  [0xf8ff, "BAD_PATH"],
  [0xf900, "ok"],
  [0xffef, "ok"],
  [0xfff0, "BAD_PATH"],
  [0xffff, "BAD_PATH"],
];

describe("of a path", () => {
  test.each(rules)("%s: %j", (_rule, path, code) => {
    expect(made(path)).toBe(code);
  });

  test.each(units)("the unit %i in a name", (unit, code) => {
    expect(made(`/a${String.fromCharCode(unit)}b`)).toBe(code);
  });

  test("nothing is beyond the basic plane", () => {
    expect(made("/😀")).toBe("BAD_PATH");
  });

  test("no part that is half a character reaches the log: what is written is not what is read", () => {
    expect(made("/a\ud800")).toBe("BAD_PATH");
    expect(made("/a\udfff")).toBe("BAD_PATH");
  });
});

describe("of the path of a sequential node", () => {
  const sequential: [rule: string, path: string, code: string][] = [
    ["a slash at the end is fine: the suffix is the name", "/a/", "ok"],
    ["a slash alone is fine", "/", "ok"],
    ["two slashes are not", "/a//", "BAD_PATH"],
    ["a dot before the suffix is part of a name", "/a/.", "ok"],
    ["two dots before the suffix are part of a name", "/a/..", "ok"],
    ["a dot as a segment above is none", "/./a", "BAD_PATH"],
    ["it starts with a slash", "a-", "BAD_PATH"],
  ];
  test.each(sequential)("%s: %j", (_rule, path, code) => {
    expect(made(path, true)).toBe(code);
  });

  test("the length counts with the suffix", () => {
    const most = limits.pathBytes - 1 - 10;
    expect(made(`/${"a".repeat(most)}`, true)).toBe("ok");
    expect(made(`/${"a".repeat(most + 1)}`, true)).toBe("BAD_PATH");
  });
});

test("the same path is good or bad for every operation", () => {
  const driver = new Driver();
  driver.open(1);
  const value = new Uint8Array(0);
  for (const path of rules.filter(([, , code]) => code === "BAD_PATH").map(([, found]) => found)) {
    const ops = [
      create(path),
      { type: "set", path, value, if: {} } as const,
      { type: "put", path, value, if: {} } as const,
      { type: "delete", path, if: {}, force: false } as const,
      { type: "check", path, if: { exists: true } } as const,
    ];
    for (const op of ops) expect(driver.code(1, op), `${op.type} ${path}`).toBe("BAD_PATH");
  }
});
