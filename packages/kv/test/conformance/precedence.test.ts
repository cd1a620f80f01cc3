import { describe, expect, test } from "vitest";
import { limits, permissions } from "../../src/index.ts";
import type { Conditions, CreateOp, DeleteOp, SetOp, TreeOp } from "../../src/index.ts";
import { create, Driver, idOf } from "../support.ts";

/*
 * The first check that fails decides. Each table below gives the checks of one operation in their order, each with what
 * makes it fail; every combination of them is tried. ZooKeeper's orders, but that we judge path and size before we look
 * at the tree, and the fence before all else of a node.
 */

/** What may be wrong, in the order in which it is looked at. */
type Check<T> = readonly [code: string, spoil: (op: T) => T];

/** Every choice of at most `most` of the checks, in their order. */
function choices<T>(checks: readonly Check<T>[], most: number): (readonly Check<T>[])[] {
  return checks.reduce<(readonly Check<T>[])[]>(
    (found, check) => [
      ...found,
      ...found.filter(({ length }) => length < most).map((chosen) => [...chosen, check]),
    ],
    [[]],
  );
}

const large = new Uint8Array(limits.valueBytes + 1);
const value = new Uint8Array(1);

/** `/p` has a child; `/e` and `/g` end with session 1, `/g` is guarded. */
function opened(): Driver {
  const driver = new Driver();
  for (const session of [1, 2]) driver.open(session);
  const own = { lease: idOf(1) };
  const nodes = [create("/p"), create("/p/c"), create("/e", own), create("/g", { ...own, guarded: true })];
  for (const op of nodes) driver.send(1, op);
  return driver;
}

function expectFirst<T extends TreeOp>(session: number, sound: T, checks: readonly Check<T>[]): void {
  for (const chosen of choices(checks, 3)) {
    const op = chosen.reduce((spoiled, [, spoil]) => spoil(spoiled), sound);
    const expected = chosen[0]?.[0] ?? "ok";
    const named = `${JSON.stringify({ ...op, value: null })} with ${chosen.map(([code]) => code).join(", ")}`;
    const driver = opened();
    const [revision, digest] = [driver.machine.revision, dumpOf(driver)];
    expect(driver.code(session, op), named).toBe(expected);
    if (expected === "ok") continue;
    expect([driver.machine.revision, dumpOf(driver)], named).toEqual([revision, digest]);
    // The same within a multi, behind an operation that would have been done.
    const multi = { type: "multi", ops: [create("/before"), op] } as const;
    expect(driver.code(session, multi), named).toBe(expected);
    expect(driver.machine.exists("/before")).toBeNull();
  }
}

function dumpOf({ machine }: Driver): unknown {
  return [...machine.subtree("/", 100).pages].flat().map(({ path, node }) => [path, node.stat]);
}

function conditioned<T extends SetOp | DeleteOp>(more: Conditions): (op: T) => T {
  return (op) => ({ ...op, if: { ...op.if, ...more } });
}

describe("create looks at", () => {
  const before: readonly Check<CreateOp>[] = [
    ["BAD_ARGUMENT", (op) => ({ ...op, ttlMs: 0, container: true })],
    ["TOO_LARGE", (op) => ({ ...op, value: large })],
    ["LOST", (op) => ({ ...op, lease: idOf(9) })],
  ];
  // A node that both has a ttl and a lease is refused for that.
  const [kind, size, lease] = before as readonly [Check<CreateOp>, Check<CreateOp>, Check<CreateOp>];
  const places: [what: string, path: string, code: string | null][] = [
    ["its kind, its size, its lease", "/n", null],
    ["then a missing parent", "/none/n", "NOT_FOUND"],
    ["then a node that exists", "/p", "EXISTS"],
    ["then the root, which exists", "/", "EXISTS"],
    ["then an ephemeral parent", "/e/n", "NO_CHILDREN_FOR_EPHEMERALS"],
  ];
  test.each(places)("%s", (_what, path, code) => {
    const last: readonly Check<CreateOp>[] = code === null ? [] : [[code, (op) => ({ ...op, path })]];
    expectFirst(1, create("/n"), [kind, size, lease, ...last]);
  });

  test("its path, behind its kind and before its size", () => {
    const bad: Check<CreateOp> = ["BAD_PATH", (op) => ({ ...op, path: "/none//n" })];
    expectFirst(1, create("/n"), [kind, bad, size, lease]);
  });
});

describe.each(["set", "put"] as const)("%s looks at", (type) => {
  const sound: SetOp = { type, path: "/p", value, if: {} };
  const own: readonly Check<SetOp>[] = [
    ["BAD_PATH", (op) => ({ ...op, path: "/p/" })],
    ["TOO_LARGE", (op) => ({ ...op, value: large })],
  ];
  const wanted: readonly Check<SetOp>[] = [
    ["FENCED", conditioned({ mzxid: 999 })],
    ["BAD_VERSION", conditioned({ version: 7 })],
    ["CONDITION", conditioned({ children: 7 })],
  ];

  test("its path, its size, the fence, the version, other conditions", () => {
    expectFirst(1, sound, [...own, ...wanted]);
  });

  test("the fence of a node that is missing, then whether it is there, before its version", () => {
    const missing = { ...sound, path: "/none" };
    expectFirst(2, { ...missing, path: "/p" }, [
      ["FENCED", (op) => ({ ...op, path: "/none", if: { mzxid: 1 } })],
      ["NOT_FOUND", (op) => ({ ...op, path: "/none", if: { ...op.if, version: 0 } })],
    ]);
  });
});

describe("put of a node that is missing looks at its parent", () => {
  const sound: SetOp = { type: "put", path: "/n", value, if: {} };
  test.each([
    ["that is missing", "/none/n", "NOT_FOUND"],
    ["that is ephemeral", "/e/n", "NO_CHILDREN_FOR_EPHEMERALS"],
  ])("%s", (_what, path, code) => {
    expectFirst(1, sound, [
      ["TOO_LARGE", (op) => ({ ...op, value: large })],
      [code, (op) => ({ ...op, path })],
    ]);
  });
});

describe("delete looks at", () => {
  const sound: DeleteOp = { type: "delete", path: "/p/c", if: {}, force: false };
  const wanted: readonly Check<DeleteOp>[] = [
    ["FENCED", conditioned({ mzxid: 999 })],
    ["BAD_VERSION", conditioned({ version: 7 })],
    ["CONDITION", conditioned({ owner: idOf(7) })],
  ];
  const places: [what: string, first: Check<DeleteOp> | null, last: Check<DeleteOp> | null][] = [
    ["the fence, the version, other conditions", null, null],
    ["children at the end", null, ["HAS_CHILDREN", (op) => ({ ...op, path: "/p" })]],
    ["the root before all", ["BAD_ARGUMENT", (op) => ({ ...op, path: "/" })], null],
    ["its path before all", ["BAD_PATH", (op) => ({ ...op, path: "p" })], null],
    ["who holds it, once every condition is met", null, ["HELD", (op) => ({ ...op, path: "/g" })]],
  ];
  test.each(places)("%s", (_what, first, last) => {
    const checks = [...(first === null ? [] : [first]), ...wanted, ...(last === null ? [] : [last])];
    expectFirst(2, sound, checks);
  });

  test("the fence of a node that is missing, then whether it is there, also below one that is missing", () => {
    for (const path of ["/none", "/none/n"]) {
      expectFirst(2, sound, [
        ["FENCED", (op) => ({ ...op, path, if: { mzxid: 1 } })],
        ["NOT_FOUND", (op) => ({ ...op, path, if: { ...op.if, version: 0 } })],
      ]);
    }
  });
});

describe("check looks at", () => {
  const rows: [what: string, path: string, conditions: Conditions, code: string][] = [
    ["whether anything is asked", "/none/", {}, "BAD_ARGUMENT"],
    ["whether what is asked goes together", "/none/", { exists: false, version: 0 }, "BAD_ARGUMENT"],
    ["its path", "/none/", { exists: true }, "BAD_PATH"],
    ["existence before the fence", "/none", { exists: true, mzxid: 1 }, "NOT_FOUND"],
    ["absence", "/p", { exists: false }, "EXISTS"],
    ["the fence of a node that is missing", "/none", { mzxid: 1, version: 0 }, "FENCED"],
    ["the fence before the version", "/p", { mzxid: 99, version: 9, children: 9 }, "FENCED"],
    ["a missing node before its version", "/none", { version: 0, children: 9 }, "NOT_FOUND"],
    ["the version before other conditions", "/p", { version: 9, children: 9 }, "BAD_VERSION"],
    ["other conditions", "/p", { version: 0, children: 9 }, "CONDITION"],
    ["nothing that holds", "/p", { exists: true, version: 0, mzxid: 1, children: 1, owner: null }, "ok"],
  ];
  test.each(rows)("%s", (_what, path, conditions, code) => {
    expect(opened().code(1, { type: "check", path, if: conditions })).toBe(code);
  });
});

describe("the session is looked at before the operation", () => {
  const bad = create("/none//n", { value: large, ttlMs: 0 });

  test.each([
    ["that is over", 9, 1, 1, "no-session"],
    ["that was attached elsewhere", 1, 1, 2, "moved"],
    ["that lacks an earlier request", 1, 9, 1, "gap"],
  ] as const)("one %s", (_what, session, seq, attach, why) => {
    const driver = opened();
    expect(driver.request(session, seq, bad, 0, attach)).toMatchObject({ type: "refused", why });
  });

  test("an operation that is refused uses up its turn", () => {
    const driver = opened();
    expect(driver.code(1, bad)).toBe("BAD_ARGUMENT");
    expect(driver.machine.session(idOf(1))?.lastSeq).toBe(5);
  });
});

describe("reads", () => {
  test("of what is missing show nothing, whatever is above it", () => {
    const { machine } = opened();
    for (const path of ["/none", "/none/n", "/p/c/n"]) {
      expect([machine.get(path), machine.exists(path), machine.children(path), machine.usage(path)]).toEqual([
        null,
        null,
        null,
        null,
      ]);
    }
  });

  test("of names are sorted, where ZooKeeper gives them in no order", () => {
    const driver = opened();
    for (const name of ["b", "a", "B", "ä", "10", "9"]) driver.send(1, create(`/p/${name}`));
    expect(driver.machine.children("/p")?.names).toEqual(["10", "9", "B", "a", "b", "c", "ä"]);
  });
});

describe("budgets come last in a creation, and between the fence and the version in a set, as in ZooKeeper", () => {
  test.each([
    ["a lease that is lost", create("/n", { lease: idOf(9) }), "LOST"],
    ["a missing parent", create("/none/n"), "NOT_FOUND"],
    ["a node that exists", create("/p"), "EXISTS"],
    ["an ephemeral parent", create("/e/n"), "NO_CHILDREN_FOR_EPHEMERALS"],
    [
      "an ephemeral parent of a put",
      { type: "put", path: "/e/n", value, if: {} },
      "NO_CHILDREN_FOR_EPHEMERALS",
    ],
    ["nothing else of a creation", create("/n"), "QUOTA"],
    ["nothing else of a put", { type: "put", path: "/n", value, if: {} }, "QUOTA"],
    ["a value too large", { type: "set", path: "/p", value: large, if: {} }, "TOO_LARGE"],
    ["the fence", { type: "set", path: "/p", value, if: { mzxid: 99, version: 9 } }, "FENCED"],
    ["a missing node", { type: "set", path: "/none", value, if: { version: 9 } }, "NOT_FOUND"],
    ["the version, behind it", { type: "set", path: "/p", value, if: { version: 9 } }, "QUOTA"],
    ["a condition, behind it", { type: "put", path: "/p", value, if: { children: 9 } }, "QUOTA"],
    [
      "the version of a delete",
      { type: "delete", path: "/p/c", if: { version: 9 }, force: false },
      "BAD_VERSION",
    ],
  ] as const)("%s", (_what, op, code) => {
    const driver = opened();
    driver.send(1, { type: "set-budget", path: "/", budget: { nodes: { hard: 0 }, bytes: { hard: 0 } } });
    expect(driver.code(1, op)).toBe(code);
  });

  test("who may not write is told that, and who may not read is not told what the conditions come to", () => {
    const driver = opened();
    const acl = [{ scheme: "world", id: "anyone", permissions: permissions.all - permissions.read }] as const;
    driver.send(1, { type: "set-acl", path: "/p", acl });
    driver.send(1, { type: "set-budget", path: "/", budget: { bytes: { hard: 0 } } });
    expect(driver.code(1, { type: "set", path: "/p", value, if: { children: 9 } })).toBe("NO_AUTH");
    expect(driver.code(1, { type: "set", path: "/p", value, if: {} })).toBe("QUOTA");
    driver.send(1, { type: "set-acl", path: "/p/c", acl: [{ ...acl[0], permissions: permissions.read }] });
    expect(driver.code(1, { type: "set", path: "/p/c", value, if: {} })).toBe("NO_AUTH");
  });
});
