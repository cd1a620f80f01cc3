import fc from "fast-check";
import type { Acl } from "../src/index.ts";
import { acls } from "./acl-arbitraries.ts";
import { summands, values } from "./golden-number.ts";
import { plainRecord } from "./plain-record.ts";

/** Of nodes that are there now and then. */
export const goodPaths = [
  "/",
  "/a",
  "/b",
  "/a-b",
  "/a/x",
  "/a/y",
  "/a/x/z",
  "/b/w",
  "/a/s-0000000000",
  "/a/0000000001",
];
const badPaths = ["", "a", "/a/", "//", "/a//x", "/a/./x", "/a/.."];
export const paths = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...goodPaths) },
  { weight: 1, arbitrary: fc.constantFrom(...badPaths) },
);
const prefixes = fc.constantFrom("/a/s-", "/a/", "/", "/a/x/q", "/b/s-", "/none/s-", "/a//");

/** What a condition asks for. */
export type Wanted = "current" | number | undefined;
export const wanted = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Wanted>(undefined) },
  { weight: 2, arbitrary: fc.constant<Wanted>("current") },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }) },
);

/** An operation whose conditions may still refer to the state. */
export interface Draft {
  readonly type: "create" | "set" | "put" | "add" | "delete" | "check";
  readonly path: string;
  readonly prefix: string;
  readonly value: Uint8Array;
  readonly by: number;
  readonly lease: number | "own" | null;
  readonly sequential: boolean;
  readonly guarded: boolean;
  /** `mixed` draws what does not go together. */
  readonly kind: "any" | "container" | "ttl" | "mixed";
  readonly ttlMs: number;
  readonly force: boolean;
  readonly recursive: boolean;
  readonly acl: Acl | undefined;
  readonly version: Wanted;
  readonly mzxid: Wanted;
  readonly exists: boolean | undefined;
  readonly rare: "owner" | "children" | "value" | undefined;
  /** What `rare` asks for is what is there. */
  readonly rareHolds: boolean;
}

export const draft: fc.Arbitrary<Draft> = plainRecord({
  type: fc.constantFrom(
    "create",
    "create",
    "create",
    "set",
    "put",
    "add",
    "add",
    "delete",
    "delete",
    "check",
  ),
  path: paths,
  prefix: prefixes,
  value: values,
  by: summands,
  lease: fc.constantFrom<Draft["lease"]>(null, null, "own", "own", "own", 0, 3, 4),
  sequential: fc.boolean(),
  guarded: fc.boolean(),
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("any" as const) },
    { weight: 4, arbitrary: fc.constantFrom("container" as const, "ttl" as const) },
    { weight: 1, arbitrary: fc.constant("mixed" as const) },
  ),
  ttlMs: fc.constantFrom(1, 1, 30, 30, 2 ** 40 - 1, 2 ** 40, 0),
  force: fc.boolean(),
  recursive: fc.constantFrom(false, false, false, true),
  acl: fc.option(acls, { nil: undefined, freq: 7 }),
  version: wanted,
  mzxid: wanted,
  exists: fc.constantFrom(undefined, true, false),
  rare: fc.oneof(
    { weight: 7, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom("owner" as const, "children" as const, "value" as const) },
  ),
  rareHolds: fc.boolean(),
});
