import { describe, expect, test } from "vitest";
import { limits, Machine, openAcl, permissions } from "../../src/index.ts";
import type { Acl, Budget, BudgetReport, Identity, Operation, Result, TreeOp } from "../../src/index.ts";
import { create, Driver, idOf, join, text } from "../support.ts";

/*
 * ZooKeeper's quota (4.11), and where we go further:
 *
 * | aspect      | ZooKeeper                            | here                                                     |
 * |-------------|--------------------------------------|----------------------------------------------------------|
 * | storage     | nodes below /zookeeper/quota         | beside the tree: a budget is no node and has no revision |
 * | kinds       | count, bytes; soft (log), hard (-125)| nodes, bytes, children, leases, rate, watches; both bounds |
 * | enforcement | only with enforceQuota=true          | always                                                   |
 * | counting    | its own node too; lengths of data    | the same                                                 |
 * | which       | the longest prefix, one on each way  | every one at or above the node, as many as there are     |
 * | when        | create, growing setData; no delete   | the same; whatever adds nothing of a kind is not held up |
 */

function set(path: string, bytes: number): TreeOp {
  return { type: "set", path, value: new Uint8Array(bytes), if: {} };
}

function remove(path: string, recursive = false): TreeOp {
  return { type: "delete", path, if: {}, force: false, ...(recursive ? { recursive } : {}) };
}

function budgetOf(path: string, budget: Budget | null): Operation {
  return { type: "set-budget", path, budget };
}

/** `/a` with the child `/a/x`, and `/b` beside it. */
function opened(...budgets: [path: string, budget: Budget][]): Driver {
  const driver = new Driver();
  for (const session of [1, 2]) driver.open(session);
  for (const op of [create("/a", { value: text("12") }), create("/a/x"), create("/b")]) driver.send(1, op);
  for (const [path, budget] of budgets) expect(driver.code(1, budgetOf(path, budget))).toBe("ok");
  return driver;
}

function excessOf(result: Result): unknown {
  return result.ok ? null : result.excess;
}

describe("what a hard bound refuses, and what it lets through", () => {
  const own = { lease: idOf(1) };
  const rows: [what: string, budget: Budget, first: TreeOp, refused: TreeOp, used: number][] = [
    ["nodes: the node of the budget counts", { nodes: { hard: 3 } }, create("/a/y"), create("/a/z"), 3],
    ["bytes: lengths of values", { bytes: { hard: 5 } }, set("/a/x", 3), set("/a/x", 4), 5],
    ["bytes: of a new node", { bytes: { hard: 4 } }, set("/a/x", 2), create("/a/y", { value: text("1") }), 4],
    ["children: of any node in it", { children: { hard: 1 } }, create("/a/x/1"), create("/a/x/2"), 1],
    [
      "leases: different ones",
      { leases: { hard: 1 } },
      create("/a/e", own),
      create("/a/f", { lease: idOf(7) }),
      1,
    ],
    ["rate: creations and sets of a second", { rate: { hard: 1 } }, set("/a", 9), set("/a", 0), 1],
  ];
  test.each(rows)("%s", (_what, budget, first, refused, used) => {
    const driver = opened(["/a", budget]);
    driver.send(1, { type: "grant", lease: idOf(7), ttlMs: 9_000 });
    expect(driver.code(1, first)).toBe("ok");
    const [kind, bounds] = Object.entries(budget)[0] ?? ["", {}];
    const [digest, revision] = [stateOf(driver), driver.machine.revision];
    const expected = { path: "/a", kind, limit: bounds.hard, used, wanted: used + 1 };
    const result = driver.send(1, refused);
    expect(result).toMatchObject({ ok: false, code: "ERR_FLOTILLA_QUOTA", failed: null });
    expect(excessOf(result)).toEqual(expected);
    const multi: Operation = { type: "multi", ops: [set("/b", 1), refused] };
    const inMulti = driver.send(1, multi);
    expect(inMulti).toMatchObject({ ok: false, code: "ERR_FLOTILLA_QUOTA", failed: 1 });
    expect(excessOf(inMulti)).toEqual(expected);
    expect([stateOf(driver), driver.machine.revision]).toEqual([digest, revision]);
    // Beside it nobody is held up.
    for (const op of [set("/b", 100), create("/b/1"), create("/b/2", { lease: idOf(7) })])
      expect(driver.code(1, op)).toBe("ok");
  });

  test.each([
    ["nodes", { nodes: { hard: 0 } }, set("/a/x", 100)],
    ["bytes", { bytes: { hard: 0 } }, create("/a/y")],
    ["bytes of a value that shrinks", { bytes: { hard: 0 } }, set("/a", 1)],
    ["bytes of a value that stays as long", { bytes: { hard: 0 } }, set("/a", 2)],
    ["children", { children: { hard: 0 } }, set("/a/x", 100)],
    ["leases", { leases: { hard: 0 } }, create("/a/y")],
    ["watches", { watches: { hard: 0 } }, create("/a/y")],
  ] as const)("what adds nothing of a kind that is used up is done: %s", (_what, budget, op) => {
    expect(opened(["/a", budget]).code(1, op)).toBe("ok");
  });

  test("a second node of a lease that counts already is done", () => {
    const driver = opened(["/a", { leases: { hard: 1 } }]);
    for (const path of ["/a/e", "/a/f"]) expect(driver.code(1, create(path, { lease: idOf(1) }))).toBe("ok");
    expect(driver.code(2, create("/a/g", { lease: idOf(2) }))).toBe("QUOTA");
    driver.send(1, remove("/a/e"));
    expect(driver.code(2, create("/a/g", { lease: idOf(2) }))).toBe("QUOTA");
    driver.send(1, remove("/a/f"));
    expect(driver.code(2, create("/a/g", { lease: idOf(2) }))).toBe("ok");
  });

  test("the topmost node is no child of anything inside", () => {
    const driver = opened(["/c", { children: { hard: 0 } }]);
    expect(driver.code(1, create("/c"))).toBe("ok");
    expect(driver.code(1, create("/c/d"))).toBe("QUOTA");
  });

  test("the operations of a multi count one after the other", () => {
    const driver = opened(["/a", { nodes: { hard: 3 }, rate: { hard: 9 } }]);
    const ops = [create("/a/y"), create("/a/z")];
    expect(driver.send(1, { type: "multi", ops })).toMatchObject({ code: "ERR_FLOTILLA_QUOTA", failed: 1 });
    expect(driver.machine.budgets.get("/a")?.used).toEqual({ nodes: 2, bytes: 2, rate: 0 });
    // What goes makes room for what comes behind it.
    const exchanged: Operation = { type: "multi", ops: [create("/a/y"), remove("/a/x"), create("/a/z")] };
    expect(driver.code(1, exchanged)).toBe("ok");
    expect(driver.machine.budgets.get("/a")?.used).toEqual({ nodes: 3, bytes: 2, rate: 2 });
  });
});

function stateOf({ machine }: Driver): unknown {
  return [...machine.subtree("/", 100).pages].flat().map(({ path, node }) => [path, node.stat]);
}

describe("which budgets count", () => {
  test("every one at or above the node; the nearest that refuses is named", () => {
    const driver = opened(["/", { nodes: { hard: 6 } }], ["/a", { nodes: { hard: 4 } }]);
    expect(driver.code(1, create("/a/y"))).toBe("ok");
    expect(excessOf(driver.send(1, create("/b/y")))).toBeNull();
    // ZooKeeper would look at that of /a alone.
    expect(excessOf(driver.send(1, create("/a/z")))).toMatchObject({ path: "/", used: 6, limit: 6 });
    driver.send(1, budgetOf("/a", { nodes: { hard: 3 } }));
    expect(excessOf(driver.send(1, create("/a/z")))).toMatchObject({ path: "/a", used: 3, limit: 3 });
  });

  test("not that of a name which only begins the same", () => {
    const driver = opened(["/a", { nodes: { hard: 0 }, bytes: { hard: 0 } }]);
    for (const path of ["/ab", "/a-b", "/A"])
      expect(driver.code(1, create(path, { value: text("1") }))).toBe("ok");
  });

  test("of several kinds the first in their order is named", () => {
    const budget = { rate: { hard: 0 }, children: { hard: 0 }, bytes: { hard: 0 }, nodes: { hard: 0 } };
    const driver = opened(["/a", budget]);
    const op = create("/a/y", { value: text("1") });
    for (const kind of ["nodes", "bytes", "children", "rate"]) {
      expect(excessOf(driver.send(1, op))).toMatchObject({ kind });
      const { [kind as keyof Budget]: _gone, ...left } = driver.machine.budgets.get("/a")?.budget ?? {};
      driver.send(1, budgetOf("/a", Object.keys(left).length === 0 ? null : left));
    }
    expect(driver.code(1, op)).toBe("ok");
  });
});

describe("what is always done, however far beyond", () => {
  const nothing: Budget = {
    nodes: { hard: 0 },
    bytes: { hard: 0 },
    children: { hard: 0 },
    leases: { hard: 0 },
    rate: { hard: 0 },
  };

  test("deletes, and whatever ends", () => {
    const driver = opened();
    const grant: Operation = { type: "grant", lease: idOf(7), ttlMs: 9_000 };
    const nodes = [create("/a/e", { lease: idOf(7) }), create("/a/f", { lease: idOf(1) }), create("/a/x/y")];
    const jobs = [create("/a/c", { container: true }), create("/a/c/1")];
    for (const op of [grant, ...nodes, ...jobs, create("/a/g", { lease: idOf(1) })]) driver.send(1, op);
    driver.send(2, create("/a/h", { lease: idOf(2) }));
    driver.send(1, budgetOf("/", nothing));
    expect(driver.code(1, create("/n"))).toBe("QUOTA");
    expect(driver.code(1, remove("/a/g"))).toBe("ok");
    expect(driver.code(1, remove("/a/x", true))).toBe("ok");
    expect(driver.code(1, { type: "multi", ops: [remove("/a/c/1")] })).toBe("ok");
    const seen = driver.machine.revision;
    expect(driver.apply({ type: "reap", seen, paths: ["/a/c"] })).toMatchObject({ paths: ["/a/c"] });
    expect(driver.code(1, { type: "revoke", lease: idOf(7) })).toBe("ok");
    expect(driver.code(1, { type: "close" })).toBe("ok");
    driver.expire(idOf(2));
    expect([driver.machine.nodes, driver.machine.leases()]).toEqual([3, []]);
  });

  test("sessions, leases, dooms, access lists and checks, as they are in no namespace or take nothing", () => {
    const driver = opened(["/", nothing]);
    expect(driver.open(3)).toMatchObject({ type: "attached" });
    const acl: Operation = { type: "set-acl", path: "/a", acl: openAcl };
    const ops: Operation[] = [
      { type: "grant", lease: idOf(7), ttlMs: 9_000 },
      { type: "doom", lease: idOf(7) },
      { type: "check", path: "/a", if: { exists: true } },
      acl,
    ];
    for (const op of ops) expect(driver.code(3, op)).toBe("ok");
  });
});

describe("a rate", () => {
  test("is counted anew as a second of the log begins, and never by a time that runs backwards", () => {
    const driver = opened(["/a", { rate: { hard: 2 } }]);
    const tries = (): string[] => [1, 2, 3].map((bytes) => driver.code(1, set("/a", bytes)));
    driver.timeMs = 5_000;
    expect(tries()).toEqual(["ok", "ok", "QUOTA"]);
    driver.timeMs = 5_999;
    expect(tries()).toEqual(["QUOTA", "QUOTA", "QUOTA"]);
    driver.timeMs = 6_000;
    expect(tries()).toEqual(["ok", "ok", "QUOTA"]);
    driver.timeMs = 5_000;
    expect(tries()).toEqual(["QUOTA", "QUOTA", "QUOTA"]);
    expect(driver.machine.budgets.get("/a")?.used.rate).toBe(2);
  });

  test("is not used by what is refused, alone or within a multi, nor by a delete", () => {
    const driver = opened(["/a", { rate: { hard: 2 } }]);
    driver.code(1, { ...set("/a", 1), if: { version: 9 } } as TreeOp);
    driver.code(1, { type: "multi", ops: [set("/a", 1), set("/none", 1)] });
    driver.code(1, remove("/a/x"));
    expect(driver.machine.budgets.get("/a")?.used.rate).toBe(0);
  });

  test("goes on when the budget is changed, and anew when it was away", () => {
    const driver = opened(["/a", { rate: { hard: 5 } }]);
    driver.send(1, set("/a", 1));
    driver.send(1, budgetOf("/a", { rate: { hard: 1 } }));
    expect(driver.code(1, set("/a", 2))).toBe("QUOTA");
    driver.send(1, budgetOf("/a", null));
    driver.send(1, budgetOf("/a", { rate: { hard: 1 } }));
    expect(driver.code(1, set("/a", 2))).toBe("ok");
  });
});

function report(more: Partial<BudgetReport>): BudgetReport {
  return { path: "/a", kind: "nodes", bound: "soft", limit: 2, used: 2, wanted: 3, ...more };
}

describe("what goes beyond a soft bound is done, and reported", () => {
  test("with each command that does, once", () => {
    const driver = opened(["/a", { nodes: { soft: 2, hard: 3 } }], ["/", { rate: { soft: 1 } }]);
    expect(driver.code(1, create("/a/y"))).toBe("ok");
    expect(driver.machine.budgets.takeReports()).toEqual([report({})]);
    expect(driver.machine.budgets.takeReports()).toEqual([]);
    expect(driver.code(1, set("/a/x", 1))).toBe("ok");
    const rate = report({ path: "/", kind: "rate", limit: 1, used: 1, wanted: 2 });
    expect(driver.machine.budgets.takeReports()).toEqual([rate]);
  });

  test("a refusal is reported too, and nothing of what was not done", () => {
    const driver = opened(["/a", { nodes: { soft: 2, hard: 3 } }]);
    driver.send(1, { type: "multi", ops: [create("/a/y"), create("/a/z")] });
    expect(driver.machine.budgets.takeReports()).toEqual([
      report({ bound: "hard", limit: 3, used: 3, wanted: 4 }),
    ]);
    driver.send(1, create("/b/y"));
    expect(driver.machine.budgets.takeReports()).toEqual([]);
  });
});

describe("a budget", () => {
  test("is no node and no event, and makes no revision", () => {
    const driver = opened();
    const before = [driver.machine.revision, stateOf(driver), driver.machine.digest()];
    expect(driver.send(1, budgetOf("/a", { nodes: { hard: 1 } }))).toMatchObject({ ok: true, results: [] });
    expect(driver.machine.takeEvents()).toEqual([]);
    expect([driver.machine.revision, stateOf(driver)]).toEqual(before.slice(0, 2));
    expect(driver.machine.digest()).not.toBe(before[2]);
  });

  test("stays when its node goes, and may come before it", () => {
    const driver = opened(["/a", { nodes: { hard: 2 } }], ["/c/d", { nodes: { hard: 1 } }]);
    driver.send(1, remove("/a", true));
    expect(driver.machine.budgets.get("/a")?.used).toEqual({ nodes: 0, bytes: 0 });
    for (const path of ["/a", "/a/1", "/c", "/c/d"]) expect(driver.code(1, create(path))).toBe("ok");
    for (const path of ["/a/2", "/c/d/e"]) expect(driver.code(1, create(path))).toBe("QUOTA");
  });

  test("counts what was there before it", () => {
    const driver = opened();
    driver.send(1, create("/a/e", { lease: idOf(1) }));
    driver.send(2, create("/a/f", { lease: idOf(2) }));
    driver.send(2, create("/ab", { lease: idOf(2) }));
    driver.send(1, budgetOf("/a", { leases: { soft: 9 } }));
    expect(driver.machine.budgets.get("/a")?.used).toEqual({ nodes: 4, bytes: 2, leases: 2 });
    driver.expire(idOf(2));
    expect(driver.machine.budgets.get("/a")?.used).toEqual({ nodes: 3, bytes: 2, leases: 1 });
  });

  test.each([
    ["that bounds nothing", "/a", {}, "BAD_ARGUMENT"],
    ["with the soft bound above the hard one", "/a", { nodes: { soft: 2, hard: 1 } }, "BAD_ARGUMENT"],
    ["at what is no path", "/a/", { nodes: { hard: 1 } }, "BAD_PATH"],
    ["that is not there, to be taken away", "/b", null, "NOT_FOUND"],
  ] as const)("%s is refused", (_what, path, budget, code) => {
    const driver = opened(["/a", { nodes: { hard: 7 } }]);
    expect(driver.code(1, budgetOf(path, budget))).toBe(code);
    expect(driver.machine.budgets.page("/", null, 10).budgets).toMatchObject([
      { path: "/a", budget: { nodes: { hard: 7 } } },
    ]);
  });

  test("takes `admin` on the nearest node above, or on the root: its own node does not lift it", () => {
    const admin: Identity = { scheme: "digest", id: "ann:a" };
    const guarded: Acl = [
      { scheme: "digest", id: admin.id, permissions: permissions.all },
      { scheme: "world", id: "anyone", permissions: permissions.all - permissions.admin },
    ];
    const driver = opened();
    let seq = 0;
    driver.open(3);
    const asked = (path: string, identities?: readonly Identity[]): string => {
      seq += 1;
      const operation = budgetOf(path, { nodes: { hard: 9 } });
      const request = { type: "request", session: idOf(3), attach: 1, seq, ack: seq - 1, operation } as const;
      driver.apply(identities === undefined ? request : { ...request, identities });
      return driver.machine.budgets.get(path) === null ? "refused" : "ok";
    };
    driver.send(1, { type: "set-acl", path: "/a", acl: guarded });
    expect(["/a", "/a/x", "/a/none/y"].map((path) => asked(path))).toEqual(["ok", "refused", "refused"]);
    expect(asked("/a/x", [admin])).toBe("ok");
    expect(asked("/a/none/y", [{ scheme: "super", id: "" }])).toBe("ok");
    driver.send(1, { type: "set-acl", path: "/", acl: guarded });
    expect(["/", "/b"].map((path) => asked(path))).toEqual(["refused", "refused"]);
    expect(asked("/b", [admin])).toBe("ok");
  });

  test("comes in pages, sorted by path", () => {
    const driver = opened();
    const paths = ["/a", "/a/x", "/b", "/"];
    for (const path of paths) driver.send(1, budgetOf(path, { nodes: { soft: 1 } }));
    const { budgets, next } = driver.machine.budgets.page("/", null, 3);
    expect([budgets.map(({ path }) => path), next]).toEqual([["/", "/a", "/a/x"], "/a/x"]);
    expect(driver.machine.budgets.page("/", next, 3)).toMatchObject({
      budgets: [{ path: "/b" }],
      next: null,
    });
  });

  test("is found with those below a path", () => {
    const driver = opened();
    for (const path of ["/a", "/a-b", "/a/x", "/a/x/y", "/a0", "/b"])
      driver.send(1, budgetOf(path, { nodes: { soft: 1 } }));
    const below = (top: string, after: string | null = null): string[] =>
      driver.machine.budgets.page(top, after, 9).budgets.map(({ path }) => path);
    expect([below("/a"), below("/a", "/a"), below("/a", "/"), below("/a", "/b")]).toEqual([
      ["/a", "/a/x", "/a/x/y"],
      ["/a/x", "/a/x/y"],
      ["/a", "/a/x", "/a/x/y"],
      [],
    ]);
    expect([below("/a/x"), below("/none"), below("/").length]).toEqual([["/a/x", "/a/x/y"], [], 6]);
  });

  test("is one of as many as the limit", () => {
    const driver = opened();
    for (let made = 0; made < limits.budgets; made += 1)
      driver.send(1, budgetOf(`/${made}`, { nodes: { hard: 1 } }));
    expect(driver.code(1, budgetOf("/more", { nodes: { hard: 1 } }))).toBe("LIMIT");
    expect(driver.code(1, budgetOf("/7", { nodes: { hard: 2 } }))).toBe("ok");
    expect(driver.code(1, budgetOf("/8", null))).toBe("ok");
    expect(driver.code(1, budgetOf("/more", { nodes: { hard: 1 } }))).toBe("ok");
  });

  test("and what is used of it come back out of a snapshot, which later commands do not touch", () => {
    const driver = opened(["/a", { leases: { hard: 1 }, rate: { hard: 5 } }]);
    driver.send(1, create("/a/e", { lease: idOf(1) }));
    const snapshot = driver.machine.snapshot();
    const [expected, digest] = [driver.machine.budgets.page("/", null, 9), driver.machine.digest()];
    driver.send(1, set("/a/x", 1));
    driver.send(1, budgetOf("/a", null));
    const restored = new Machine();
    restored.restore(join(snapshot.chunks()));
    expect([restored.budgets.page("/", null, 9), restored.digest()]).toEqual([expected, digest]);
  });
});
