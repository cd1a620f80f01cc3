import { describe, expect, test } from "vitest";
import { limits } from "../../src/index.ts";
import type { DeleteOp, Operation, TreeOp } from "../../src/index.ts";
import { create, Driver, idOf, text } from "../support.ts";

function removal(path: string, more: Partial<DeleteOp> = {}): DeleteOp {
  return { type: "delete", path, if: {}, force: false, recursive: true, ...more };
}

function filled(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.open(2);
  const paths = ["/a", "/a/x", "/a/x/deep", "/a/y", "/a-b", "/a0", "/b"];
  for (const path of paths) driver.send(1, create(path, { value: text(path) }));
  driver.send(1, create("/a/own", { lease: idOf(1) }));
  driver.send(1, create("/h"));
  driver.send(1, create("/h/held", { lease: idOf(1), guarded: true }));
  return driver;
}

describe("which failing check wins", () => {
  const rows: [name: string, session: number, op: Operation, code: string][] = [
    ["a whole subtree", 1, removal("/a"), "ok"],
    ["another session's ordinary ephemeral in it", 2, removal("/a"), "ok"],
    ["a node without children", 1, removal("/b"), "ok"],
    ["nothing there", 1, removal("/none"), "NOT_FOUND"],
    ["the root", 1, removal("/"), "BAD_ARGUMENT"],
    ["a bad path", 1, removal("/a/"), "BAD_PATH"],
    ["another version", 1, removal("/a", { if: { version: 1 } }), "BAD_VERSION"],
    ["the fence, before the version", 1, removal("/a", { if: { version: 1, mzxid: 9 } }), "FENCED"],
    ["something held below it", 2, removal("/h"), "HELD"],
    ["the version, before something held below it", 2, removal("/h", { if: { version: 1 } }), "BAD_VERSION"],
    ["something held below it, forced", 2, removal("/h", { force: true }), "ok"],
    ["what its own session holds", 1, removal("/h"), "ok"],
  ];
  test.each(rows)("%s", (_name, session, op, code) => {
    for (const tried of [op, { type: "multi", ops: [op as TreeOp] } as const]) {
      const driver = filled();
      const seen = (): unknown => [driver.machine.revision, ...driver.machine.subtree("/", 100).pages];
      const before = seen();
      expect(driver.code(session, tried)).toBe(code);
      if (code === "ok") continue;
      expect(seen()).toEqual(before);
      expect(driver.machine.takeEvents()).toEqual([]);
    }
  });
});

test("one revision, children before their parents, and nothing beside the subtree", () => {
  const driver = filled();
  const { revision } = driver.machine;
  expect(driver.code(1, removal("/a"))).toBe("ok");
  const events = driver.machine.takeEvents();
  expect(events.map(({ path }) => path)).toEqual(["/a/y", "/a/x/deep", "/a/x", "/a/own", "/a"]);
  for (const [ordinal, event] of events.entries())
    expect(event).toMatchObject({ revision: revision + 1, ordinal, type: "deleted", node: null });
  expect(driver.machine.children("/")?.names).toEqual(["a-b", "a0", "b", "h"]);
  expect(driver.machine.exists("/")).toMatchObject({ pzxid: revision + 1, numChildren: 4, cversion: 6 });
});

test("a lease no longer owns what went with a subtree", () => {
  const driver = filled();
  driver.send(2, removal("/a"));
  driver.send(1, { type: "close" });
  expect(driver.machine.takeEvents().map(({ path }) => path)).toEqual(["/h/held"]);
});

test("a multi that fails behind it brings everything back", () => {
  const driver = filled();
  const seen = (): unknown => [driver.machine.usage("/"), ...driver.machine.subtree("/", 100).pages];
  const before = seen();
  const ops = [removal("/a"), create("/a"), create("/a/x"), create("/none/x")];
  expect(driver.code(1, { type: "multi", ops })).toBe("NOT_FOUND");
  expect(seen()).toEqual(before);
  expect(driver.code(1, { type: "multi", ops: ops.slice(0, 3) })).toBe("ok");
  expect(driver.machine.usage("/a")).toEqual({ nodes: 2, bytes: 0 });
});

function wide(children: number): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, create("/w"));
  for (let n = 0; n < children; n += 1) driver.send(1, create(`/w/${n}`));
  return driver;
}

describe("the bound of nodes that one command touches", () => {
  test("is met to the node, and refused beyond it with nothing changed", () => {
    const driver = wide(limits.nodesPerCommand);
    expect(driver.code(1, removal("/w"))).toBe("LIMIT");
    expect(driver.machine.usage("/w")).toEqual({ nodes: limits.nodesPerCommand + 1, bytes: 0 });
    driver.send(1, removal("/w/0"));
    expect(driver.code(1, removal("/w"))).toBe("ok");
    expect(driver.machine.takeEvents()).toHaveLength(limits.nodesPerCommand);
    expect(driver.machine.nodes).toBe(1);
  });

  test("holds for all operations of a multi together", () => {
    const driver = wide(limits.nodesPerCommand - 1);
    const multi: Operation = { type: "multi", ops: [create("/x"), removal("/w")] };
    expect(driver.send(1, multi)).toMatchObject({ code: "ERR_FLOTILLA_LIMIT", failed: 1 });
    driver.send(1, removal("/w/0"));
    expect(driver.code(1, multi)).toBe("ok");
  });
});

describe("usage", () => {
  const rows: [path: string, nodes: number, bytes: number][] = [
    ["/", 11, 28],
    ["/a", 5, 19],
    ["/a/x", 2, 13],
    ["/a-b", 1, 4],
    ["/h/held", 1, 0],
  ];
  test.each(rows)("of %s is %d nodes with %d bytes", (path, nodes, bytes) => {
    expect(filled().machine.usage(path)).toEqual({ nodes, bytes });
  });

  test("of nothing is null, and follows sets, also behind a snapshot", () => {
    const driver = filled();
    const snapshot = driver.machine.snapshot();
    for (const length of [0, 3, 300_000]) {
      driver.send(1, { type: "set", path: "/a/x", value: new Uint8Array(length), if: {} });
      expect(driver.machine.usage("/a")).toEqual({ nodes: 5, bytes: 15 + length });
    }
    expect(driver.machine.usage("/none")).toBeNull();
    expect([...snapshot.chunks()].length).toBeGreaterThan(0);
  });
});
