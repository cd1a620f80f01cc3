import { describe, expect, test } from "vitest";
import { encodeCommand, limits } from "../src/index.ts";
import type { Conditions, Operation, TreeOp } from "../src/index.ts";
import { allOf, create, Driver, idOf, text } from "./support.ts";

function set(path: string, conditions: Conditions = {}, type: "set" | "put" = "set"): TreeOp {
  return { type, path, value: text("v"), if: conditions };
}

function del(path: string, conditions: Conditions = {}, force = false): TreeOp {
  return { type: "delete", path, if: conditions, force };
}

function check(path: string, conditions: Conditions): TreeOp {
  return { type: "check", path, if: conditions };
}

function multi(...ops: TreeOp[]): Operation {
  return { type: "multi", ops };
}

function opened(...first: Operation[]): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.open(2);
  for (const op of first) expect(driver.send(1, op).ok).toBe(true);
  return driver;
}

const own = { lease: idOf(1) };

describe("which failing check wins", () => {
  const tree = [create("/p"), create("/p/c"), create("/e", own), create("/g", { ...own, guarded: true })];
  const large = new Uint8Array(limits.valueBytes + 1);
  const cases: [name: string, session: number, op: Operation, code: string][] = [
    ["a lease that is gone, before a missing parent", 1, create("/x/y", { lease: idOf(9) }), "LOST"],
    ["a lease of another session", 2, create("/x", own), "LOST"],
    ["a bad path, before a lease that is gone", 1, create("/x//y", { lease: idOf(9) }), "BAD_PATH"],
    ["a missing parent", 1, create("/x/y"), "NOT_FOUND"],
    ["an existing node", 1, create("/p"), "EXISTS"],
    ["the root", 1, create("/"), "EXISTS"],
    ["an ephemeral parent", 1, create("/e/x"), "NO_CHILDREN_FOR_EPHEMERALS"],
    ["an ephemeral parent, by put", 1, set("/e/x", {}, "put"), "NO_CHILDREN_FOR_EPHEMERALS"],
    ["a value over the limit", 1, create("/x/y", { value: large }), "TOO_LARGE"],
    ["a guarded node without a lease", 1, create("/x", { guarded: true }), "BAD_ARGUMENT"],
    ["a slash at the end", 1, create("/p/"), "BAD_PATH"],
    ["set of nothing", 1, set("/x"), "NOT_FOUND"],
    ["set of nothing with a version", 1, set("/x", { version: 0 }), "NOT_FOUND"],
    ["set of nothing with a fence", 1, set("/x", { mzxid: 1, version: 0 }), "FENCED"],
    ["set with another version", 1, set("/p", { version: 1 }), "BAD_VERSION"],
    ["the fence, before the version", 1, set("/p", { mzxid: 99, version: 1 }), "FENCED"],
    ["set of the root", 1, set("/", { version: 0 }), "ok"],
    ["delete of the root", 1, del("/"), "BAD_ARGUMENT"],
    ["delete below nothing", 1, del("/x/y"), "NOT_FOUND"],
    ["delete of nothing", 1, del("/x", { version: 0 }), "NOT_FOUND"],
    ["the version, before children", 1, del("/p", { version: 1 }), "BAD_VERSION"],
    ["children", 1, del("/p"), "HAS_CHILDREN"],
    ["the fence, before who holds it", 2, del("/g", { mzxid: 9 }), "FENCED"],
    ["the version, before who holds it", 2, del("/g", { version: 9 }), "BAD_VERSION"],
    ["held by another session, as its version says", 2, del("/g", { version: 0 }), "HELD"],
    ["force does not excuse the version", 2, del("/g", { version: 9 }, true), "BAD_VERSION"],
    ["held, forced", 2, del("/g", {}, true), "ok"],
    ["held, by its own session", 1, del("/g"), "ok"],
    ["an ordinary ephemeral of another session", 2, del("/e"), "ok"],
    ["a guarded node may be set by another session", 2, set("/g"), "ok"],
    ["check that a node exists", 1, check("/x", { exists: true }), "NOT_FOUND"],
    ["check that none exists", 1, check("/p", { exists: false }), "EXISTS"],
    ["a check of nothing", 1, check("/p", {}), "BAD_ARGUMENT"],
    ["a check that holds", 1, check("/p", { exists: true, version: 0, mzxid: 1 }), "ok"],
  ];
  test.each(cases)("%s", (_name, session, op, code) => {
    for (const tried of [op, multi(op as TreeOp)]) {
      const driver = opened(...tree);
      const seen = (): unknown => [driver.machine.revision, ...driver.machine.subtree("/", 100).pages];
      const before = seen();
      expect(driver.code(session, tried)).toBe(code);
      if (code === "ok") continue;
      expect(seen()).toEqual(before);
      expect(driver.machine.takeEvents()).toEqual([]);
    }
  });
});

describe("sequence suffix", () => {
  test("is the parent's count of creations, shared by all prefixes and never taken back", () => {
    const driver = opened(create("/p"));
    const names: string[] = [];
    const next = (path: string): void => {
      const result = driver.send(1, create(path, { sequential: true }));
      names.push(result.ok && result.results[0]?.ok === true ? result.results[0].path : "refused");
    };
    next("/p/a-");
    next("/p/b-");
    driver.send(1, create("/p/plain"));
    next("/p/a-");
    driver.send(1, del("/p/a-0000000003"));
    expect(driver.code(1, create("/p/plain"))).toBe("EXISTS");
    next("/p/");
    expect(names).toEqual(["/p/a-0000000000", "/p/b-0000000001", "/p/a-0000000003", "/p/0000000004"]);
  });

  test("starts again when the parent was deleted and made again", () => {
    const driver = opened(create("/p"), create("/p/x"), del("/p/x"), del("/p"), create("/p"));
    const result = driver.send(1, create("/p/q-", { sequential: true }));
    expect(result).toMatchObject({ results: [{ path: "/p/q-0000000000" }] });
  });

  test("is not used up by a multi that failed", () => {
    const driver = opened(create("/p"));
    expect(driver.code(1, multi(create("/p/q-", { sequential: true }), create("/p")))).toBe("EXISTS");
    expect(driver.send(1, create("/p/q-", { sequential: true }))).toMatchObject({
      results: [{ path: "/p/q-0000000000" }],
    });
  });

  test("collides with a node that has its name already", () => {
    const driver = opened(create("/p"), create("/p/q-0000000001"));
    expect(driver.code(1, create("/p/q-", { sequential: true }))).toBe("EXISTS");
  });
});

describe("stat", () => {
  test("of a node follows creations, sets and deletions", () => {
    const driver = opened(create("/p", { value: text("ab") }));
    const t0 = driver.timeMs;
    const born = {
      czxid: 1,
      mzxid: 1,
      pzxid: 1,
      ctimeMs: t0,
      mtimeMs: t0,
      version: 0,
      cversion: 0,
      aversion: 0,
      container: false,
      ttlMs: null,
    };
    expect(driver.machine.exists("/p")).toEqual({
      ...born,
      ephemeralOwner: null,
      dataLength: 2,
      numChildren: 0,
    });
    driver.timeMs = t0 + 5;
    driver.send(1, create("/p/a"));
    driver.send(1, create("/p/b", own));
    expect(driver.machine.exists("/p")).toMatchObject({
      pzxid: 3,
      mzxid: 1,
      mtimeMs: t0,
      cversion: 2,
      numChildren: 2,
    });
    driver.send(1, create("/p/a/deep"));
    driver.send(1, set("/p/a"));
    expect(driver.machine.exists("/p")).toMatchObject({ pzxid: 3, cversion: 2 });
    driver.send(1, del("/p/b"));
    expect(driver.machine.exists("/p")).toMatchObject({ pzxid: 6, cversion: 3, numChildren: 1 });
    driver.send(1, { type: "set", path: "/p", value: text("ab"), if: {} });
    const changed = { mzxid: 7, mtimeMs: t0 + 5, ctimeMs: t0, czxid: 1, version: 1, dataLength: 2 };
    expect(driver.machine.exists("/p")).toMatchObject(changed);
  });

  test("names the lease of an ephemeral", () => {
    const driver = opened(create("/e", own));
    expect(driver.machine.exists("/e")?.ephemeralOwner).toBe(idOf(1));
  });

  test("version starts again when the node was deleted and made again", () => {
    const driver = opened(create("/p"), set("/p"), del("/p"), create("/p"));
    expect(driver.machine.exists("/p")).toMatchObject({ version: 0, czxid: 4 });
  });
});

describe("revision", () => {
  test("counts only what changed the tree", () => {
    const driver = opened();
    const steps: [Operation, number][] = [
      [create("/p"), 1],
      [create("/p"), 1],
      [multi(), 1],
      [multi(check("/p", { exists: true })), 1],
      [multi(create("/q"), create("/q/r"), set("/q")), 2],
      [multi(create("/z"), create("/q")), 2],
      [{ type: "grant", lease: idOf(7), ttlMs: 9_000 }, 2],
      [{ type: "revoke", lease: idOf(7) }, 2],
      [create("/e", own), 3],
    ];
    for (const [op, revision] of steps) {
      expect(driver.send(1, op).revision).toBe(revision);
      expect(driver.machine.revision).toBe(revision);
    }
    driver.expire(idOf(2));
    expect(driver.machine.revision).toBe(3);
    driver.expire(idOf(1));
    expect(driver.machine.revision).toBe(4);
  });
});

describe("multi", () => {
  test("sees its own earlier effects and shares one revision", () => {
    const driver = opened();
    const ops = [
      create("/p"),
      create("/p/c"),
      set("/p", { version: 0 }),
      check("/p", { version: 1 }),
      del("/p/c"),
    ];
    const result = driver.send(1, multi(...ops));
    expect(result).toMatchObject({
      ok: true,
      revision: 1,
      results: [
        { path: "/p", stat: { numChildren: 0 } },
        { path: "/p/c" },
        { stat: { version: 1, numChildren: 1 } },
        { stat: null },
        { stat: null },
      ],
    });
    const events = driver.machine.takeEvents();
    expect(events.map(({ type, path, revision, ordinal }) => [type, path, revision, ordinal])).toEqual([
      ["created", "/p", 1, 0],
      ["created", "/p/c", 1, 1],
      ["changed", "/p", 1, 2],
      ["deleted", "/p/c", 1, 3],
    ]);
  });

  test("that fails changes nothing, says where, and raises no event", () => {
    const driver = opened(create("/p"), create("/e", own));
    const before = allOf(driver.machine);
    const ops = [set("/p"), del("/e"), create("/n"), create("/n/m"), check("/p", { mzxid: 1 })];
    expect(driver.send(1, multi(...ops))).toEqual({
      ok: false,
      revision: 2,
      code: "ERR_FLOTILLA_FENCED",
      failed: 4,
    });
    expect(allOf(driver.machine)).toEqual(before);
    expect(driver.machine.takeEvents()).toEqual([]);
    driver.send(1, { type: "close" });
    expect(driver.machine.exists("/e")).toBeNull();
  });

  test("names the op that is wrong whatever the state, before it tries any", () => {
    const driver = opened();
    expect(driver.send(1, multi(create("/x/y"), create("bad")))).toMatchObject({
      code: "ERR_FLOTILLA_BAD_PATH",
      failed: 1,
    });
  });

  test("is bounded in operations and bytes", () => {
    const driver = opened();
    const value = new Uint8Array(limits.valueBytes);
    const many = Array.from({ length: limits.opsPerMulti + 1 }, () => check("/", { exists: true }));
    expect(driver.code(1, multi(...many))).toBe("TOO_LARGE");
    expect(driver.code(1, multi(...many.slice(1)))).toBe("ok");
    expect(driver.code(1, multi(create("/a", { value }), create("/b", { value })))).toBe("TOO_LARGE");
  });
});

describe("leases", () => {
  test("end with their nodes, sorted by path, in one revision", () => {
    const lease = idOf(7);
    const driver = opened({ type: "grant", lease, ttlMs: 5_000 }, create("/d"));
    driver.send(1, create("/d/z", { lease }));
    driver.send(1, create("/b", { lease }));
    driver.send(1, create("/c", own));
    driver.send(1, create("/d/a", { lease }));
    const before = driver.machine.revision;
    expect(driver.code(2, { type: "revoke", lease })).toBe("NOT_FOUND");
    expect(driver.code(1, { type: "revoke", lease })).toBe("ok");
    const events = driver.machine.takeEvents();
    expect(events.map(({ type, path, node }) => [type, path, node])).toEqual([
      ["deleted", "/b", null],
      ["deleted", "/d/a", null],
      ["deleted", "/d/z", null],
    ]);
    expect(new Set(events.map(({ revision }) => revision))).toEqual(new Set([before + 1]));
    expect(driver.machine.lease(lease)).toBeNull();
    expect(driver.machine.exists("/c")).not.toBeNull();
  });

  test("of a session end with it, whichever way it ends", () => {
    for (const end of ["close", "expire"]) {
      const driver = opened({ type: "grant", lease: idOf(7), ttlMs: 5_000 });
      driver.send(1, create("/b", { lease: idOf(7) }));
      driver.send(1, create("/a", own));
      if (end === "close") driver.send(1, { type: "close" });
      else expect(driver.expire(idOf(9), idOf(1))).toEqual({ type: "expired", leases: [idOf(1), idOf(7)] });
      expect(driver.machine.takeEvents().map(({ path, revision }) => [path, revision])).toEqual([
        ["/a", 3],
        ["/b", 3],
      ]);
      expect(driver.machine.leases().map(({ id }) => id)).toEqual([idOf(2)]);
      expect(driver.machine.session(idOf(1))).toBeNull();
    }
  });

  test("leave alone what took the place of a node they owned", () => {
    const driver = opened(create("/a", own), del("/a"), create("/a"), create("/b", own));
    driver.send(1, { type: "close" });
    expect(allOf(driver.machine).map(({ path }) => path)).toEqual(["/", "/a"]);
  });

  test("are granted once, within the bounds of a ttl and of their number", () => {
    const driver = opened();
    const grant = (lease: number, ttlMs = 5_000): string =>
      driver.code(1, { type: "grant", lease: idOf(lease), ttlMs });
    expect(grant(7, limits.minTtlMs - 1)).toBe("BAD_ARGUMENT");
    expect(grant(7, limits.maxTtlMs + 1)).toBe("BAD_ARGUMENT");
    expect(grant(2)).toBe("EXISTS");
    for (let lease = 1; lease < limits.leasesPerSession; lease += 1) expect(grant(1000 + lease)).toBe("ok");
    expect(grant(7)).toBe("LIMIT");
    expect(driver.code(1, { type: "revoke", lease: idOf(1) })).toBe("BAD_ARGUMENT");
  });

  test("own at most as many nodes as one command may touch", () => {
    const driver = opened(create("/d"));
    const ops = Array.from({ length: 1_000 }, () => create("/d/n-", { ...own, sequential: true }));
    for (let round = 0; round < 10; round += 1) expect(driver.code(1, multi(...ops))).toBe("ok");
    expect(driver.code(1, create("/d/more", own))).toBe("LIMIT");
    expect(driver.code(1, create("/d/more"))).toBe("ok");
    driver.send(1, { type: "close" });
    expect(driver.machine.exists("/d")).toMatchObject({ numChildren: 1, cversion: 20_001 });
  }, 120_000);
});

describe("reads", () => {
  test("children come sorted, in pages, without what is below them", () => {
    const names = ["a", "a-b", "a0", "b", "é"];
    const driver = opened(create("/d"), ...names.toReversed().map((name) => create(`/d/${name}`)));
    for (const path of ["/d/a/x", "/d/a-b/y", "/dd"]) driver.send(1, create(path));
    expect(driver.machine.children("/d")).toEqual({ names, next: null });
    const pages: (readonly string[])[] = [];
    let after: string | null = "";
    while (after !== null) {
      const page = driver.machine.children("/d", { after, limit: 2 });
      pages.push(page?.names ?? []);
      after = page?.next ?? null;
    }
    expect(pages).toEqual([["a", "a-b"], ["a0", "b"], ["é"]]);
    expect(driver.machine.children("/")?.names).toEqual(["d", "dd"]);
    expect(driver.machine.children("/d/b")).toEqual({ names: [], next: null });
    expect(driver.machine.children("/none")).toBeNull();
  });

  test("a subtree stays as it was while commands go on", () => {
    const driver = opened(create("/d"), create("/d/b"), create("/d-x"), create("/d/b/c"), create("/e"));
    const { pages, token } = driver.machine.subtree("/d", 2);
    expect(token).toEqual({ revision: 5, ordinal: 0 });
    expect(pages.next().value?.map(({ path }) => path)).toEqual(["/d", "/d/b"]);
    driver.send(1, set("/d/b/c"));
    driver.send(1, create("/d/c"));
    const rest = [...pages].flat();
    expect(rest.map(({ path, node }) => [path, node.stat.version])).toEqual([["/d/b/c", 0]]);
    expect([...driver.machine.subtree("/none", 5).pages]).toEqual([]);
  });

  test("what is kept does not change when the frame it came in is used again", () => {
    const driver = opened();
    const apply = (seq: number, operation: Operation): void => {
      const command = { type: "request", session: idOf(1), attach: 1, seq, ack: 0, operation } as const;
      const frame = encodeCommand(command).slice();
      driver.machine.apply(frame, { index: driver.machine.lastIndex + 1, timeMs: 0 });
      frame.fill(0);
    };
    apply(1, create("/a", { value: text("created") }));
    const before = driver.machine.get("/a");
    expect(before?.value).toEqual(text("created"));
    apply(2, { type: "set", path: "/a", value: text("changed"), if: {} });
    expect(driver.machine.get("/a")?.value).toEqual(text("changed"));
    expect([before?.value, before?.stat.version]).toEqual([text("created"), 0]);
  });
});
