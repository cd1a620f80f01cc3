import { describe, expect, test } from "vitest";
import type { CreateOp } from "../../src/index.ts";
import { bareState } from "../../src/state.ts";
import { rootFacts } from "../../src/tree-node.ts";
import { applyTreeOp } from "../../src/tree-ops.ts";
import { create, Driver, idOf, text } from "../support.ts";

type Options = Partial<Omit<CreateOp, "type" | "path">>;

const own = { lease: idOf(1) };
const sequential = { sequential: true };

function opened(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, create("/p"));
  return driver;
}

function made(driver: Driver, path: string, options: Options = {}): string {
  const result = driver.send(1, create(path, { ...sequential, ...options }));
  return result.ok && result.results[0]?.ok === true ? result.results[0].path : "refused";
}

describe("the sequence counter", () => {
  const bumps: [what: string, options: Options][] = [
    ["persistent", {}],
    ["ephemeral", own],
    ["sequential", { sequential: true }],
    ["container", { container: true }],
    ["with a ttl", { ttlMs: 1_000 }],
  ];
  test.each(bumps)("is raised by a child that is %s, and not by its end", (_what, options) => {
    const driver = opened();
    const made = driver.send(1, create("/p/x", options));
    const path = made.ok && made.results[0]?.ok === true ? made.results[0].path : "";
    driver.send(1, { type: "delete", path, if: {}, force: false });
    expect(driver.send(1, create("/p/y-", { sequential: true }))).toMatchObject({
      results: [{ path: "/p/y-0000000001" }],
    });
  });

  const counts: [created: number, names: readonly string[]][] = [
    [2 ** 31 - 1, ["/n-2147483647", "/n-2147483648"]],
    [2 ** 32 - 1, ["/n-4294967295", "/n-4294967296"]],
    [9_999_999_999, ["/n-9999999999", "/n-10000000000"]],
  ];
  test.each(counts)("goes on from %d, where 32 bits would wrap or stick", (created, names) => {
    const { tree, sessions } = bareState();
    tree.add({ ...rootFacts, created, numChildren: 0 }, new Uint8Array());
    const x = {
      tree,
      sessions,
      session: null,
      revision: 1,
      timeMs: 0,
      inGrace: false,
      identities: [],
      events: [],
    };
    const made = names.map(() => applyTreeOp(x, create("/n-", { sequential: true })));
    expect(made).toMatchObject(names.map((path) => ({ path })));
  });
});

describe("the suffix of a sequential node", () => {
  test("has ten digits at least, with zeros in front", () => {
    const driver = opened();
    const names = Array.from({ length: 11 }, () => made(driver, "/p/n-"));
    expect(names[0]).toBe("/p/n-0000000000");
    expect(names[10]).toBe("/p/n-0000000010");
    expect(names.toSorted()).toEqual(names);
  });

  test("comes from one counter for all prefixes of a parent, and each parent has its own", () => {
    const driver = opened();
    driver.send(1, create("/q"));
    const paths = ["/p/a-", "/p/b-", "/q/a-", "/p/a-"];
    expect(paths.map((path) => made(driver, path))).toEqual([
      "/p/a-0000000000",
      "/p/b-0000000001",
      "/q/a-0000000000",
      "/p/a-0000000002",
    ]);
  });

  test("is never given twice while the parent lives, whatever is deleted", () => {
    const driver = opened();
    const first = made(driver, "/p/n-");
    driver.send(1, { type: "delete", path: first, if: {}, force: false });
    expect(made(driver, "/p/n-")).toBe("/p/n-0000000001");
  });

  test("begins anew with a parent that was deleted and made again", () => {
    const driver = opened();
    const first = made(driver, "/p/n-");
    driver.send(1, { type: "delete", path: first, if: {}, force: false });
    driver.send(1, { type: "delete", path: "/p", if: {}, force: false });
    driver.send(1, create("/p"));
    expect(made(driver, "/p/n-")).toBe(first);
  });

  test("alone may be the name, behind a slash", () => {
    expect(made(opened(), "/p/")).toBe("/p/0000000000");
    expect(made(opened(), "/")).toBe("/0000000001");
  });

  test("is not used up by what does not change the parent's children", () => {
    const driver = opened();
    driver.send(1, { type: "set", path: "/p", value: text("v"), if: {} });
    driver.send(1, create("/p/c"));
    driver.send(1, create("/p/c/grandchild"));
    expect(made(driver, "/p/n-")).toBe("/p/n-0000000001");
  });

  const failures: [what: string, op: Parameters<Driver["send"]>[1]][] = [
    ["a create that is refused", create("/p/c")],
    ["a multi that fails behind it", { type: "multi", ops: [create("/p/x", sequential), create("/p/c")] }],
  ];
  test.each(failures)("is not used up by %s", (_what, op) => {
    const driver = opened();
    driver.send(1, create("/p/c"));
    expect(driver.code(1, op)).toBe("EXISTS");
    expect(made(driver, "/p/n-")).toBe("/p/n-0000000001");
  });

  test("counts on within one multi", () => {
    const driver = opened();
    const ops = [create("/p/n-", sequential), create("/p/plain"), create("/p/n-", sequential)];
    expect(driver.send(1, { type: "multi", ops })).toMatchObject({
      results: [{ path: "/p/n-0000000000" }, { path: "/p/plain" }, { path: "/p/n-0000000002" }],
    });
  });

  test("that is taken by another name is refused, and refused again: only a create that succeeds counts", () => {
    const driver = opened();
    driver.send(1, create("/p/n-0000000001"));
    expect(driver.code(1, create("/p/n-", sequential))).toBe("EXISTS");
    expect(driver.code(1, create("/p/n-", sequential))).toBe("EXISTS");
    driver.send(1, create("/p/other"));
    expect(made(driver, "/p/n-")).toBe("/p/n-0000000002");
  });
});
