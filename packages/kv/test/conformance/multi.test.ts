import { describe, expect, test } from "vitest";
import { limits, validateOperation } from "../../src/index.ts";
import type { CheckOp, Conditions, MultiOp, Operation, Result, TreeOp } from "../../src/index.ts";
import { create, Driver, idOf, text } from "../support.ts";

function set(path: string, value: string, conditions: Conditions = {}): TreeOp {
  return { type: "set", path, value: text(value), if: conditions };
}

function del(path: string, conditions: Conditions = {}): TreeOp {
  return { type: "delete", path, if: conditions, force: false };
}

function check(path: string, conditions: Conditions): CheckOp {
  return { type: "check", path, if: conditions };
}

function multi(ops: readonly TreeOp[], more: Partial<MultiOp> = {}): MultiOp {
  return { type: "multi", ops, ...more };
}

function filled(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, create("/p", { value: text("v") }));
  driver.send(1, create("/p/c"));
  driver.send(1, create("/e", { lease: idOf(1) }));
  return driver;
}

function seen(driver: Driver): unknown {
  return [driver.machine.revision, ...driver.machine.subtree("/", 100).pages];
}

describe("a condition holds or not, alone and in a multi", () => {
  const mzxid = 1;
  const rows: [name: string, path: string, conditions: Conditions, code: string][] = [
    ["version", "/p", { version: 0 }, "ok"],
    ["another version", "/p", { version: 1 }, "BAD_VERSION"],
    ["the fence", "/p", { mzxid }, "ok"],
    ["another fence", "/p", { mzxid: 2 }, "FENCED"],
    ["no owner", "/p", { owner: null }, "ok"],
    ["an owner where there is none", "/p", { owner: idOf(1) }, "CONDITION"],
    ["the owner", "/e", { owner: idOf(1) }, "ok"],
    ["another owner", "/e", { owner: idOf(2) }, "CONDITION"],
    ["no owner where there is one", "/e", { owner: null }, "CONDITION"],
    ["the number of children", "/p", { children: 1 }, "ok"],
    ["another number of children", "/p", { children: 0 }, "CONDITION"],
    ["the value", "/p", { value: text("v") }, "ok"],
    ["another value of that length", "/p", { value: text("w") }, "CONDITION"],
    ["the start of the value", "/p", { value: text("") }, "CONDITION"],
    ["an empty value", "/e", { value: text("") }, "ok"],
    ["all of them", "/p", { mzxid, version: 0, owner: null, children: 1, value: text("v") }, "ok"],
    ["the fence before the version", "/p", { mzxid: 9, version: 9, children: 9 }, "FENCED"],
    ["the version before the rest", "/p", { version: 9, children: 9 }, "BAD_VERSION"],
    ["anything of no node", "/none", { children: 0 }, "NOT_FOUND"],
    ["the fence of no node", "/none", { mzxid, value: text("") }, "FENCED"],
    ["a value over the limit", "/p", { value: new Uint8Array(limits.valueBytes + 1) }, "TOO_LARGE"],
  ];
  test.each(rows)("%s", (_name, path, conditions, code) => {
    const tried: [op: Operation, onSuccess: string][] = [
      [check(path, conditions), "ok"],
      [set(path, "v", conditions), "ok"],
      [{ ...set(path, "v", conditions), type: "put" } as TreeOp, "ok"],
      [del(path, conditions), path === "/p" ? "HAS_CHILDREN" : "ok"],
      [multi([check(path, conditions)]), "ok"],
    ];
    for (const [op, onSuccess] of tried) {
      const driver = filled();
      const before = seen(driver);
      expect(driver.code(1, op)).toBe(code === "ok" ? onSuccess : code);
      if (code !== "ok") expect(seen(driver)).toEqual(before);
    }
  });
});

describe("a multi", () => {
  const rows: [name: string, ops: readonly TreeOp[], result: object][] = [
    ["of nothing", [], { ok: true, revision: 3, results: [] }],
    [
      "tells of each operation: the path and stat of creates and sets, the path of the rest",
      [create("/x"), set("/x", "y"), check("/x", { version: 1 }), del("/x")],
      {
        ok: true,
        revision: 4,
        results: [
          { path: "/x", stat: { czxid: 4, version: 0 } },
          { path: "/x", stat: { mzxid: 4, version: 1, dataLength: 1 } },
          { path: "/x", stat: null },
          { path: "/x", stat: null },
        ],
      },
    ],
    [
      "sees what its earlier operations did",
      [create("/x"), create("/x/y"), del("/x")],
      { ok: false, revision: 3, code: "ERR_FLOTILLA_HAS_CHILDREN", failed: 2 },
    ],
    [
      "names the first operation that fails",
      [create("/x"), set("/none", ""), create("/p")],
      { ok: false, revision: 3, code: "ERR_FLOTILLA_NOT_FOUND", failed: 1 },
    ],
    [
      "numbers sequential nodes one by one",
      [create("/p/n-", { sequential: true }), create("/p/n-", { sequential: true })],
      { ok: true, results: [{ path: "/p/n-0000000001" }, { path: "/p/n-0000000002" }] },
    ],
  ];
  test.each(rows)("%s", (_name, ops, result) => {
    const driver = filled();
    const before = seen(driver);
    const got = driver.send(1, multi(ops));
    expect(got).toMatchObject(result);
    expect(got.branch).toBeUndefined();
    if (got.ok) return;
    expect(seen(driver)).toEqual(before);
    expect(driver.machine.takeEvents()).toEqual([]);
  });
});

describe("a multi with conditions", () => {
  const holds = check("/p", { exists: true });
  const fails = check("/none", { exists: true });
  const others = [create("/else")];
  const rows: [name: string, op: MultiOp, result: object, made: readonly string[]][] = [
    [
      "does its operations when all hold",
      multi([create("/then")], { if: [holds, check("/p/c", { version: 0 })], else: others }),
      { ok: true, branch: "then", results: [{ path: "/then" }] },
      ["/then"],
    ],
    ["does them without any condition", multi([create("/then")], { if: [] }), { branch: "then" }, ["/then"]],
    [
      "does the others when one does not hold",
      multi([create("/then")], { if: [holds, fails], else: others }),
      { ok: true, branch: "else", results: [{ path: "/else" }] },
      ["/else"],
    ],
    [
      "does nothing then without others",
      multi([create("/then")], { if: [fails] }),
      { ok: true, branch: "else", results: [], revision: 3 },
      [],
    ],
    [
      "looks at the tree before its operations change it",
      multi([del("/p/c"), create("/then")], { if: [check("/p", { children: 1 })] }),
      { ok: true, branch: "then" },
      ["/then"],
    ],
    [
      "says in which branch an operation failed",
      multi([create("/then")], { if: [fails], else: [create("/else"), set("/none", "")] }),
      { ok: false, branch: "else", code: "ERR_FLOTILLA_NOT_FOUND", failed: 1 },
      [],
    ],
    [
      "fails as a whole in its own operations too",
      multi([create("/then"), create("/p")], { if: [holds], else: others }),
      { ok: false, branch: "then", code: "ERR_FLOTILLA_EXISTS", failed: 1 },
      [],
    ],
    [
      "is refused for what is wrong in a branch that would not be done",
      multi([create("/then")], { if: [holds], else: [create("bad")] }),
      { ok: false, code: "ERR_FLOTILLA_BAD_PATH", failed: 0 },
      [],
    ],
  ];
  test.each(rows)("%s", (_name, op, result, made) => {
    const driver = filled();
    expect(driver.send(1, op)).toMatchObject(result);
    for (const path of ["/then", "/else"])
      expect(driver.machine.exists(path) === null).toBe(!made.includes(path));
    expect(driver.machine.revision).toBe(made.length > 0 ? 4 : 3);
  });

  test("keeps its answer, branch included, for a repeat and through a restore", () => {
    const driver = filled();
    const op = multi([create("/then")], { if: [fails], else: others });
    const results = [1, 2].map(() => driver.request(1, 4, op));
    expect(results).toMatchObject([
      { type: "answered", repeat: false },
      { type: "answered", repeat: true },
    ]);
    const [first, second] = results.map((each) => (each.type === "answered" ? each.result : null));
    expect(second).toEqual(first);
  });

  const refused: [name: string, op: unknown, code: string][] = [
    ["`else` without `if`", multi([], { else: others }), "BAD_ARGUMENT"],
    ["a condition that changes something", multi([], { if: [create("/x")] as never }), "BAD_ARGUMENT"],
    ["a check that asks nothing", multi([], { if: [check("/p", {})] }), "BAD_ARGUMENT"],
    [
      "more operations than the limit, all lists together",
      multi(
        Array.from({ length: 500 }, () => holds),
        {
          if: Array.from({ length: 500 }, () => holds),
          else: [holds],
        },
      ),
      "TOO_LARGE",
    ],
    [
      "more bytes than the limit, conditions included",
      multi([create("/x", { value: new Uint8Array(1_000_000) })], {
        if: [check("/p", { value: new Uint8Array(600_000) })],
      }),
      "TOO_LARGE",
    ],
  ];
  test.each(refused)("%s is refused before it is sent", (_name, op, code) => {
    expect(() => validateOperation(op as Operation)).toThrowError(
      expect.objectContaining({ code: `ERR_FLOTILLA_${code}` }),
    );
  });
});

test("the events of a multi share its revision, in the order of its operations", () => {
  const driver = filled();
  const result: Result = driver.send(1, multi([create("/x"), create("/x/y"), set("/x", "1"), del("/e")]));
  expect(result.ok).toBe(true);
  expect(driver.machine.takeEvents()).toMatchObject([
    { revision: 4, ordinal: 0, type: "created", path: "/x" },
    { revision: 4, ordinal: 1, type: "created", path: "/x/y" },
    { revision: 4, ordinal: 2, type: "changed", path: "/x" },
    { revision: 4, ordinal: 3, type: "deleted", path: "/e" },
  ]);
});
