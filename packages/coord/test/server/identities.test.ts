import { digestId } from "@flotilla/kv";
import { expect, test } from "vitest";
import { identitiesOf } from "../../src/server/identities.ts";

const ann = { user: "ann", password: "secret" };

test("a password makes the identity that ZooKeeper makes of it", () => {
  expect(digestId("super", "test")).toBe("super:D/InIHSb7yEEbrWz8b9l71RjZJU=");
  expect(identitiesOf([ann], undefined, undefined)).toEqual([
    { scheme: "digest", id: digestId("ann", "secret") },
  ]);
});

function isSuper(digest: string | undefined): boolean {
  return identitiesOf([ann], undefined, digest).some(({ scheme }) => scheme === "super");
}

test("only whoever the member names may do everything", () => {
  expect([undefined, digestId("ann", "secret"), digestId("ann", "other")].map(isSuper)).toEqual([
    false,
    true,
    false,
  ]);
});

const addresses: [remoteAddress: string | undefined, ip: string | null][] = [
  ["10.0.0.1:5000", "10.0.0.1"],
  ["[fe80::1]:5000", "fe80::1"],
  ["::ffff:10.0.0.1:5000", "::ffff:10.0.0.1"],
  ["n1:7000", null],
  [undefined, null],
];
test.each(addresses)("an address is one too: %s", (remoteAddress, ip) => {
  expect(identitiesOf([], remoteAddress, undefined)).toEqual(ip === null ? [] : [{ scheme: "ip", id: ip }]);
});
