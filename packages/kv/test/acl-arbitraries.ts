import fc from "fast-check";
import type { Acl, AclEntry, Identity } from "../src/index.ts";

function entry(scheme: AclEntry["scheme"], id: string, permissions: number): AclEntry {
  return { scheme, id, permissions };
}

const entries = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      entry("world", "anyone", 31),
      entry("world", "anyone", 1),
      entry("world", "anyone", 15),
      entry("auth", "", 31),
      entry("auth", "", 23),
      entry("digest", "ann:a", 31),
      entry("digest", "bob:b", 21),
      entry("ip", "10.0.0.0/8", 12),
      entry("x509", "CN=c", 31),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      entry("world", "all", 31),
      entry("world", "anyone", 0),
      entry("world", "anyone", 32),
      entry("digest", "ann", 31),
      entry("ip", "10.0.0/8", 31),
    ),
  },
);
/** Lists, most of which can be kept. */
export const acls: fc.Arbitrary<Acl> = fc.oneof(
  { weight: 30, arbitrary: fc.array(entries, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant([]) },
);
const ann: Identity = { scheme: "digest", id: "ann:a" };
/** Who a client may have been found to be. */
export const callers: fc.Arbitrary<readonly Identity[] | undefined> = fc.constantFrom<
  (readonly Identity[] | undefined)[]
>(
  undefined,
  undefined,
  [ann],
  [ann, { scheme: "digest", id: "bob:b" }],
  [
    { scheme: "ip", id: "10.1.2.3" },
    { scheme: "x509", id: "CN=c" },
  ],
  [{ scheme: "ip", id: "192.168.0.1" }],
  [{ scheme: "super", id: "" }],
);
