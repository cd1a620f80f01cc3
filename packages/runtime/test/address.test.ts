import { isIPv4, isIPv6 } from "node:net";
import { checkFileName, cutReason, formatAddress, isUnspecified, parseAddress } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { throwsWith } from "../src/conformance/expect.ts";

test.each([
  ["127.0.0.1:80", "127.0.0.1", 80],
  ["node-1.example.org:65535", "node-1.example.org", 65_535],
  ["localhost:0", "localhost", 0],
  ["[::1]:80", "::1", 80],
  ["1.2.3.4:9", "1.2.3.4", 9],
  ["1.example:9", "1.example", 9],
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
  "[1:2]:9",
  "[::1::]:9",
  "[1:2:3:4:5:6:7:8:9]:9",
  "[::1.2.3]:9",
  "1.2.3.4.5:9",
  "1.2.3.256:9",
  "1.2.3.04:9",
  "10.1:9",
  "0x7f.1:9",
])("%j is none", (text) => throwsWith(() => parseAddress(text), "ERR_FLOTILLA_BAD_ADDRESS"));

test("a zone is refused by name: nothing that has one can be dialed", () => {
  for (const text of ["[fe80::1%eth0]:8080", "[::1%lo]:0"])
    expect(() => parseAddress(text)).toThrow(/an IPv6 address with a zone cannot be dialed/);
});

/** Whether the reader takes it. */
function isTaken(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

test("an IP address is one as the system says", () => {
  const group = fc.constantFrom("", "0", "1", "ffff", "12345", "00ab", "1.2.3.4", "1.2.3");
  const six = fc.oneof(
    fc.ipV6(),
    fc.array(group, { maxLength: 9 }).map((all) => all.join(":")),
    fc
      .tuple(fc.array(group, { maxLength: 8 }), fc.array(group, { maxLength: 8 }))
      .map(([head, tail]) => `${head.join(":")}::${tail.join(":")}`),
  );
  fc.assert(
    fc.property(
      six.filter((text) => text.includes(":")),
      (text) => {
        expect(isTaken(`[${text}]:1`)).toBe(isIPv6(text));
      },
    ),
  );
  const four = fc.array(fc.constantFrom("0", "1", "255", "256", "01", "999"), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        four.map((all) => all.join(".")),
      ),
      (text) => {
        expect(isTaken(`${text}:1`)).toBe(isIPv4(text));
      },
    ),
  );
});

test("what an accepted address names is what a URL names", () => {
  for (const text of ["[::1]:80", "1.2.3.4:9", "host:1", "1.example:9"])
    expect(URL.canParse(`ws://${text}/`)).toBe(true);
});

test.each([
  ["0.0.0.0:1", true],
  ["0:1", true],
  ["0x0:1", true],
  ["1:1", false],
  ["[::]:1", true],
  ["[0:0::0]:1", true],
  ["[::0.0.0.0]:1", true],
  ["[::ffff:0.0.0.0]:1", true],
  ["[::ffff:0:0]:1", true],
  ["127.0.0.1:1", false],
  ["[::1]:1", false],
  ["[::ffff:10.0.0.1]:1", false],
  ["[ffff::]:1", false],
  ["localhost:1", false],
])("whether %s is every address and none: %j", (text, expected) =>
  expect(isUnspecified(parseAddress(text))).toBe(expected),
);

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
