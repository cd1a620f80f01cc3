import { describe, expect, test } from "vitest";
import { encode, FlotillaError } from "@flotilla/runtime";
import { budgetKinds, decodeCommand, decodeResult, encodeCommand, validateOperation } from "../src/index.ts";
import type { KvCommand, Operation, RequestCommand } from "../src/index.ts";
import { packedCommand, packedResult } from "./packed.ts";
import { create, idOf } from "./support.ts";

function refusalOf(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    return FlotillaError.is(error)
      ? `${error.code.slice("ERR_FLOTILLA_".length)}: ${error.message}`
      : "untyped";
  }
}

function request(operation: unknown, more: Partial<RequestCommand> = {}): KvCommand {
  const base = { type: "request", session: idOf(1), attach: 1, seq: 2, ack: 1 } as const;
  return { ...base, operation: operation as Operation, ...more };
}

const anyone = { scheme: "world", id: "anyone", permissions: 31 } as const;
const user = { scheme: "digest", id: "me:x" } as const;

describe("what a caller without types hands over is refused before it is bytes", () => {
  const cases: [string, KvCommand, string][] = [
    [
      "a list with an unknown scheme",
      request({ type: "set-acl", path: "/a", acl: [{ ...anyone, scheme: "sasl" }] }),
      "unknown scheme",
    ],
    ["a list that is none", request({ type: "set-acl", path: "/a", acl: "world" }), "acl"],
    [
      "a new node's list with an id that is none",
      request(create("/a", { acl: [{ ...anyone, id: 7 as unknown as string }] })),
      "id",
    ],
    [
      "an identity of an unknown scheme",
      request(create("/a"), { identities: [{ ...user, scheme: "sasl" as "digest" }] }),
      "unknown scheme",
    ],
    ["no identities at all", request(create("/a"), { identities: [] }), "identities"],
    [
      "a change among the conditions of a multi",
      request({ type: "multi", ops: [], if: [create("/a")], else: [] }),
      "unknown operation",
    ],
    ["a budget that is none", request({ type: "set-budget", path: "/a", budget: 7 }), "bounds by kind"],
    [
      "a budget of an unknown kind",
      request({ type: "set-budget", path: "/a", budget: { cores: { hard: 1 } } }),
      "unknown kind",
    ],
    [
      "a budget without bounds",
      request({ type: "set-budget", path: "/a", budget: { nodes: null } }),
      "soft, hard or both",
    ],
    ["conditions of a multi that are no list", request({ type: "multi", ops: [], if: 7 }), "if"],
    ["operations of a multi that are no list", request({ type: "multi", ops: null }), "ops"],
  ];
  test.each(cases)("%s", (_name, command, why) => {
    expect(refusalOf(() => encodeCommand(command))).toContain("BAD_ARGUMENT: not a command: ");
    expect(refusalOf(() => encodeCommand(command))).toContain(why);
  });

  test("whatever it throws when it is looked at", () => {
    const trap = {
      get type(): "close" {
        // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- a caller without types may throw anything
        throw "not now";
      },
    };
    expect(refusalOf(() => encodeCommand(request(trap)))).toBe("BAD_ARGUMENT: not a command: wrong shape");
    expect(refusalOf(() => validateOperation(trap))).toContain("BAD_ARGUMENT");
  });
});

/** A command's layout with one place of it changed. */
function altered(command: KvCommand, place: readonly number[], value: unknown): Uint8Array {
  const packed = structuredClone<unknown[]>([...packedCommand(command)]);
  const target = place.slice(0, -1).reduce<unknown[]>((within, at) => within[at] as unknown[], packed);
  target[place.at(-1) ?? 0] = value;
  return encode(packed);
}

describe("bytes that no version has written are refused", () => {
  const listed = request({ type: "set-acl", path: "/a", acl: [anyone] });
  const versioned = request({ type: "set-acl", path: "/a", acl: [anyone], aversion: 3 });
  const known = request(create("/a"), { identities: [user] });
  const rare = request({ type: "set", path: "/a", value: new Uint8Array(1), if: { children: 0 } });

  test("and these are not", () => {
    for (const command of [listed, versioned, known, rare]) {
      expect(decodeCommand(encode(packedCommand(command)))).toEqual(command);
      expect(decodeCommand(encodeCommand(command))).toEqual(command);
    }
  });

  // A request is [level, tag, session, attach, seq, ack, operation, identities?].
  const cases: [string, Uint8Array, string][] = [
    ["a command of no feature level", altered(listed, [0], 0), "no feature level"],
    ["a list with a scheme beyond those known", altered(listed, [6, 2, 0, 0], 5), "scheme"],
    ["a list with an item too many", altered(listed, [6, 2, 0, 3], 0), "acl entry"],
    ["an identity of a scheme beyond those known", altered(known, [7, 0, 0], 4), "scheme"],
    ["no identities", altered(known, [7], []), "identities"],
    [
      "rare conditions of which none is given",
      altered(rare, [6, 5], [null, null, null]),
      "expected at least one",
    ],
  ];
  test.each(cases)("%s", (_name, bytes, why) => {
    expect(refusalOf(() => decodeCommand(bytes))).toContain("BAD_FRAME");
    expect(refusalOf(() => decodeCommand(bytes))).toContain(why);
  });
});

test("a result that names a bound of a kind beyond those known is refused", () => {
  const excess = { path: "/a", kind: "nodes", limit: 1, used: 1, wanted: 1 } as const;
  const code = "ERR_FLOTILLA_QUOTA";
  const packed = packedResult({ ok: false, revision: 3, code, failed: null, excess });
  const beyond = [...packed.slice(0, -1), ["/a", budgetKinds.length, 1, 1, 1]];
  expect(refusalOf(() => decodeResult(encode(packed)))).toBe("none");
  expect(refusalOf(() => decodeResult(encode(beyond)))).toBe("BAD_FRAME: budget: unknown kind");
});
