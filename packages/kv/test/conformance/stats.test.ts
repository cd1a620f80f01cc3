import { describe, expect, test } from "vitest";
import type { Operation, Stat, TreeOp } from "../../src/index.ts";
import { create, Driver, idOf, text } from "../support.ts";

const createdMs = 1_700_000_000_000;
const changedMs = createdMs + 5;

/** `/p/n`, made by revision 2; what comes then comes later. */
function opened(): Driver {
  const driver = new Driver();
  driver.timeMs = createdMs;
  driver.open(1);
  driver.send(1, create("/p"));
  driver.send(1, create("/p/n", { value: text("four") }));
  driver.timeMs = changedMs;
  return driver;
}

const fresh: Stat = {
  czxid: 2,
  mzxid: 2,
  pzxid: 2,
  ctimeMs: createdMs,
  mtimeMs: createdMs,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: null,
  dataLength: 4,
  numChildren: 0,
  container: false,
  ttlMs: null,
};

const set = (path: string, value: string): TreeOp => ({ type: "set", path, value: text(value), if: {} });
const remove = (path: string): TreeOp => ({ type: "delete", path, if: {}, force: false });

/** What each change makes of the stat of `/p/n`; every field that is not named stays. */
const changes: [what: string, ops: readonly Operation[], changed: Partial<Stat>][] = [
  ["create", [], {}],
  ["a set", [set("/p/n", "longer")], { mzxid: 3, mtimeMs: changedMs, version: 1, dataLength: 6 }],
  [
    "a set to the value that is there",
    [set("/p/n", "four")],
    { mzxid: 3, mtimeMs: changedMs, version: 1, dataLength: 4 },
  ],
  [
    "two sets",
    [set("/p/n", "a"), set("/p/n", "")],
    { mzxid: 4, mtimeMs: changedMs, version: 2, dataLength: 0 },
  ],
  [
    "a put",
    [{ type: "put", path: "/p/n", value: text("a"), if: {} }],
    { mzxid: 3, mtimeMs: changedMs, version: 1, dataLength: 1 },
  ],
  ["a child that is made", [create("/p/n/c")], { pzxid: 3, cversion: 1, numChildren: 1 }],
  [
    "a child that is made by put",
    [{ type: "put", path: "/p/n/c", value: text(""), if: {} }],
    { pzxid: 3, cversion: 1, numChildren: 1 },
  ],
  [
    "a child that ends with a lease",
    [create("/p/n/c", { lease: idOf(1) })],
    { pzxid: 3, cversion: 1, numChildren: 1 },
  ],
  [
    "a child that is made and deleted",
    [create("/p/n/c"), remove("/p/n/c")],
    { pzxid: 4, cversion: 2, numChildren: 0 },
  ],
  [
    "three children made, one of them deleted: twice the creations, less those there are",
    [create("/p/n/a"), create("/p/n/b"), create("/p/n/c"), remove("/p/n/b")],
    { pzxid: 6, cversion: 2 * 3 - 2, numChildren: 2 },
  ],
  ["a child that is set", [create("/p/n/c"), set("/p/n/c", "v")], { pzxid: 3, cversion: 1, numChildren: 1 }],
  ["a child of a child", [create("/p/n/c"), create("/p/n/c/d")], { pzxid: 3, cversion: 1, numChildren: 1 }],
  [
    "a multi that sets it and makes two children, in one revision",
    [{ type: "multi", ops: [set("/p/n", "v"), create("/p/n/a"), create("/p/n/b")] }],
    { mzxid: 3, mtimeMs: changedMs, version: 1, dataLength: 1, pzxid: 3, cversion: 2, numChildren: 2 },
  ],
  ["a check", [{ type: "check", path: "/p/n", if: { exists: true } }], {}],
  ["a brother", [create("/p/m")], {}],
];

describe("the stat after", () => {
  test.each(changes)("%s", (_what, ops, changed) => {
    const driver = opened();
    for (const op of ops) expect(driver.send(1, op).ok).toBe(true);
    expect(driver.machine.exists("/p/n")).toEqual({ ...fresh, ...changed });
    expect(driver.machine.get("/p/n")?.stat).toEqual({ ...fresh, ...changed });
  });

  test("deletion and creation is that of another node: nothing goes on", () => {
    const driver = opened();
    driver.send(1, set("/p/n", "v"));
    driver.send(1, remove("/p/n"));
    driver.send(1, create("/p/n", { value: text("four") }));
    const again = { czxid: 5, mzxid: 5, pzxid: 5, ctimeMs: changedMs, mtimeMs: changedMs };
    expect(driver.machine.exists("/p/n")).toEqual({ ...fresh, ...again });
  });

  test("the end of a lease: its node is a child that is deleted", () => {
    const driver = opened();
    driver.send(1, create("/p/n/c", { lease: idOf(1) }));
    driver.expire(idOf(1));
    expect(driver.machine.exists("/p/n")).toEqual({ ...fresh, pzxid: 4, cversion: 2 });
  });

  test("an ephemeral create names its owner, and no other kind does", () => {
    const driver = opened();
    driver.send(1, create("/e", { lease: idOf(1) }));
    driver.send(1, create("/c", { container: true }));
    driver.send(1, create("/t", { ttlMs: 9 }));
    expect(["/e", "/c", "/t"].map((path) => driver.machine.exists(path)?.ephemeralOwner)).toEqual([
      idOf(1),
      null,
      null,
    ]);
  });

  test("refused operations is as before, and no revision is used up, where ZooKeeper uses up a zxid", () => {
    const driver = opened();
    const { revision } = driver.machine;
    for (const op of [create("/p/n"), remove("/p"), set("/none", "v")])
      expect(driver.send(1, op).ok).toBe(false);
    expect(driver.machine.revision).toBe(revision);
    expect(driver.machine.exists("/p/n")).toEqual(fresh);
  });
});
