import { checkFileName, cutReason, formatAddress, parseAddress } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { throwsWith } from "../src/conformance/expect.ts";

test.each([
  ["127.0.0.1:80", "127.0.0.1", 80],
  ["node-1.example.org:65535", "node-1.example.org", 65_535],
  ["localhost:0", "localhost", 0],
  ["[::1]:80", "::1", 80],
  ["[fe80::1%eth0]:8080", "fe80::1%eth0", 8080],
  ["[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1],
])("%s is an address", (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
  expect(formatAddress({ host, port })).toBe(text);
});

test.each([
  "",
  ":80",
  "host",
  "host:",
  "host:-1",
  "host:65536",
  "host:1e3",
  "::1:80",
  "[::1]",
  "[abc]:1",
  "a b:1",
  "user@host:1",
  "host/x:1",
  "host:1/x",
  "http://host:1",
  "host:1\n",
])("%j is none", (text) => throwsWith(() => parseAddress(text), "ERR_FLOTILLA_BAD_ADDRESS"));

test("a reason is cut to a prefix of at most 120 bytes, as long as whole characters allow", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (reason) => {
      const cut = cutReason(reason);
      expect(reason.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(120);
      const next = reason.codePointAt(cut.length);
      if (next !== undefined)
        expect(Buffer.byteLength(cut + String.fromCodePoint(next))).toBeGreaterThan(120);
    }),
  );
});

test("file names are relative, plain and short", () => {
  for (const name of ["a", "a/b-1/c_2.txt", "x".repeat(128)]) expect(checkFileName(name)).toBe(name);
  for (const name of ["-rf", "x".repeat(129), "a/.b", "a b", "ä"])
    throwsWith(() => checkFileName(name), "ERR_FLOTILLA_BAD_ARGUMENT");
});
