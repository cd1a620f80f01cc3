import type { Session } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/coord";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Calm } from "./lone-member.ts";
import { LoneMember } from "./lone-member.ts";
import { expectTyped, failureOf, untyped } from "./typed.ts";

let member: LoneMember;
let before: Calm;
const limitMs = 60_000;

beforeAll(async () => {
  member = await LoneMember.start("api");
}, limitMs);
afterAll(async () => {
  await member[Symbol.asyncDispose]();
});
beforeEach(() => {
  before = member.calm();
});

type Call = (session: Session) => Promise<unknown>;

const badPaths: readonly unknown[] = [
  "",
  "a",
  "a/b",
  "//",
  "/a/",
  "/a//b",
  "/.",
  "/..",
  "/a/../b",
  "/a/./b",
  "/\u0000",
  "/a\u0007",
  "/\ud800",
  `/${"x".repeat(4_096)}`,
  `/${"ü".repeat(2_100)}`,
  undefined,
  null,
  5,
  {},
  ["/a"],
  new String("/a"),
  Symbol("a"),
];

describe("calls that cannot be", () => {
  afterEach(async () => {
    await member.expectUnharmed(before);
  }, limitMs);

  test.each(badPaths.map((path) => [path] as const))(
    "path %j",
    async (path) => {
      const bad = untyped(path);
      const calls: Call[] = [
        (session) => session.get(bad),
        (session) => session.exists(bad),
        (session) => session.children(bad),
        (session) => session.get(bad, { revision: 1 }),
        (session) => session.history(bad),
        (session) => session.create(bad, "x"),
        (session) => session.set(bad, "x"),
        (session) => session.put(bad, "x"),
        (session) => session.delete(bad),
        (session) => session.watch(bad),
        (session) =>
          session.multi([
            { type: "put", path: "/half", value: "x" },
            { type: "put", path: bad, value: "x" },
          ]),
        (session) => session.put("/kept", "x", { fence: { path: bad, mzxid: 1 } }),
      ];
      for (const call of calls) {
        const error = await failureOf(() => call(member.good.session));
        expectTyped(
          error,
          FlotillaError.is(error, "ERR_FLOTILLA_BAD_ARGUMENT")
            ? "ERR_FLOTILLA_BAD_ARGUMENT"
            : "ERR_FLOTILLA_BAD_PATH",
        );
      }
    },
    limitMs,
  );

  const calls: readonly (readonly [string, string, Call])[] = [
    ["a value that is too large", "ERR_FLOTILLA_TOO_LARGE", (s) => s.put("/half", new Uint8Array(1_048_577))],
    ["a text that is too large", "ERR_FLOTILLA_TOO_LARGE", (s) => s.put("/half", "ü".repeat(600_000))],
    ["a value that is a number", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.put("/half", untyped(5))],
    ["a value that is null", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.put("/half", untyped(null))],
    [
      "a value that is an object",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.create("/half", untyped({ length: 5 })),
    ],
    [
      "a value that is an array buffer",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.put("/half", untyped(new ArrayBuffer(5))),
    ],
    ["options that are null", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.put("/half", "x", untyped(null))],
    [
      "options of create that are null",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.create("/half", "x", untyped(null)),
    ],
    [
      "options of delete that are a number",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.delete("/kept", untyped(5)),
    ],
    ["options of get that are a text", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.get("/kept", untyped("local"))],
    ["options of watch that are null", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.watch("/kept", untyped(null))],
    ["an unknown level", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.get("/kept", { level: untyped("strong") })],
    [
      "a version that is NaN",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.set("/kept", "x", { version: Number.NaN }),
    ],
    ["a version below zero", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.set("/kept", "x", { version: -1 })],
    ["a version above 2^53", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.set("/kept", "x", { version: 2 ** 60 })],
    [
      "a version that is a text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.delete("/kept", { version: untyped("0") }),
    ],
    [
      "a version that is null",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.set("/kept", "x", { version: untyped(null) }),
    ],
    [
      "an ephemeral that is a text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.create("/half", "x", { ephemeral: untyped("yes") }),
    ],
    [
      "a sequential that is a number",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.create("/half", "x", { sequential: untyped(1) }),
    ],
    [
      "a guarded node that is not ephemeral",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.create("/half", "x", { guarded: true }),
    ],
    [
      "a force that is a text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.delete("/kept", { force: untyped("yes") }),
    ],
    [
      "a fence that is null",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.put("/half", "x", { fence: untyped(null) }),
    ],
    [
      "a fence without mzxid",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.put("/half", "x", { fence: untyped({ path: "/kept" }) }),
    ],
    [
      "a fence that does not stand",
      "ERR_FLOTILLA_FENCED",
      (s) => s.put("/half", "x", { fence: { path: "/kept", mzxid: 999 } }),
    ],
    ["a time limit of zero", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.put("/half", "x", { timeoutMs: 0 })],
    ["a time limit below zero", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.get("/kept", { timeoutMs: -5 })],
    ["a time limit that is NaN", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.sync({ timeoutMs: Number.NaN })],
    [
      "a time limit that is a text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.status({ timeoutMs: untyped("5s") }),
    ],
    [
      "a signal that is none",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.put("/half", "x", { signal: untyped({ aborted: false }) }),
    ],
    [
      "a signal that fired",
      "ERR_FLOTILLA_ABORTED",
      (s) => s.put("/half", "x", { signal: AbortSignal.abort() }),
    ],
    ["a revision below zero", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.get("/kept", { revision: -1 })],
    [
      "a revision that is null",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.children("/", { revision: untyped(null) }),
    ],
    ["a revision that is not there yet", "ERR_FLOTILLA_AHEAD", (s) => s.get("/kept", { revision: 2 ** 50 })],
    ["a history of none", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.history("/kept", { limit: 0 })],
    ["a page of zero", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.children("/", { limit: 0 })],
    ["a page above the limit", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.children("/", { limit: 10_001 })],
    ["a page that is half", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.children("/", { limit: 1.5 })],
    ["a page after a number", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.children("/", { after: untyped(5) })],
    ["an unknown kind of watch", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.watch("/", { kind: untyped("deep") })],
    [
      "a watch from half a token",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.watch("/", { from: untyped({ revision: 1 }) }),
    ],
    [
      "a watch from NaN",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.watch("/", { from: { revision: Number.NaN, ordinal: 0 } }),
    ],
    ["a watch from null", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.watch("/", { from: untyped(null) })],
    [
      "a watch from a history id without end",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.watch("/", { from: { revision: 0, ordinal: 0, historyId: "x".repeat(1_000) } }),
    ],
    ["an empty multi", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.multi([])],
    ["a multi that is none", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.multi(untyped({ length: 1 }))],
    [
      "a multi with a null",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.multi([{ type: "put", path: "/half", value: "x" }, untyped(null)]),
    ],
    [
      "a multi with an unknown type",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) =>
        s.multi([{ type: "put", path: "/half", value: "x" }, untyped({ type: "rename", path: "/kept" })]),
    ],
    [
      "a multi of too many items",
      "ERR_FLOTILLA_TOO_LARGE",
      (s) =>
        s.multi(Array.from({ length: 1_001 }, () => ({ type: "put", path: "/half", value: "x" }) as const)),
    ],
    [
      "a multi of too many bytes",
      "ERR_FLOTILLA_TOO_LARGE",
      (s) =>
        s.multi(
          [1, 2].map((n) => ({ type: "put", path: `/half${n}`, value: new Uint8Array(1_000_000) }) as const),
        ),
    ],
    [
      "a multi whose last condition fails",
      "ERR_FLOTILLA_BAD_VERSION",
      (s) =>
        s.multi([
          { type: "put", path: "/half", value: "x" },
          { type: "set", path: "/kept", value: "x", version: 77 },
        ]),
    ],
    [
      "a multi whose check fails",
      "ERR_FLOTILLA_EXISTS",
      (s) =>
        s.multi([
          { type: "put", path: "/half", value: "x" },
          { type: "check", path: "/kept", exists: false },
        ]),
    ],
    [
      "a check of an absent node that demands a version",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) =>
        s.multi([
          { type: "put", path: "/half", value: "x" },
          { type: "check", path: "/none", exists: false, version: 1 },
        ]),
    ],
    [
      "an exists that is a text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      (s) => s.multi([{ type: "check", path: "/kept", exists: untyped("yes") }]),
    ],
    ["a node that is there", "ERR_FLOTILLA_EXISTS", (s) => s.create("/kept", "x")],
    ["a node without its parent", "ERR_FLOTILLA_NOT_FOUND", (s) => s.create("/no/parent", "x")],
    ["a node that is not there", "ERR_FLOTILLA_NOT_FOUND", (s) => s.set("/none", "x")],
    ["the deletion of the root", "ERR_FLOTILLA_BAD_ARGUMENT", (s) => s.delete("/")],
  ];

  test.each(calls)(
    "%s: %s",
    async (_, code, call) => {
      const remote = await failureOf(() => call(member.good.session));
      expectTyped(remote, code);
      const local = await failureOf(() => call(member.node.session));
      expectTyped(local, code);
      // What reached the log left its result in the session's window, and nothing else.
      expect(member.calm().revision).toBe(before.revision);
      before = member.calm();
    },
    limitMs,
  );
});

test("a multi names the item that failed", async () => {
  const items = [
    { type: "put", path: "/half", value: "x" },
    { type: "set", path: "/none", value: "x" },
  ] as const;
  const error = await failureOf(() => member.good.session.multi(items));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_NOT_FOUND", details: { failed: 1 } });
});
