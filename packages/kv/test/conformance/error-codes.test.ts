import { describe, expect, test } from "vitest";
import type { Applied, Operation } from "../../src/index.ts";
import { limits } from "../../src/index.ts";
import { create, Driver, idOf } from "../support.ts";

/** What ZooKeeper calls its errors. */
const zooKeeper = {
  BADARGUMENTS: -8,
  NONODE: -101,
  BADVERSION: -103,
  NOCHILDRENFOREPHEMERALS: -108,
  NODEEXISTS: -110,
  NOTEMPTY: -111,
  SESSIONEXPIRED: -112,
  SESSIONMOVED: -118,
  QUOTAEXCEEDED: -125,
} as const;

type Name = keyof typeof zooKeeper;

/** What ours are to a client of ZooKeeper, and how each comes about. Ours are finer: several have the same number there. */
const ours: [code: string, name: Name, op: Operation][] = [
  ["BAD_ARGUMENT", "BADARGUMENTS", create("/a", { ttlMs: 0 })],
  ["BAD_PATH", "BADARGUMENTS", create("/a/")],
  // There the connection is closed instead.
  ["TOO_LARGE", "BADARGUMENTS", create("/a", { value: new Uint8Array(limits.valueBytes + 1) })],
  ["NOT_FOUND", "NONODE", create("/none/a")],
  ["BAD_VERSION", "BADVERSION", { type: "set", path: "/", value: new Uint8Array(0), if: { version: 9 } }],
  // There is no fence there: to its clients a node that was made anew is another version.
  ["FENCED", "BADVERSION", { type: "set", path: "/", value: new Uint8Array(0), if: { mzxid: 9 } }],
  ["CONDITION", "BADVERSION", { type: "check", path: "/", if: { children: 9 } }],
  ["NO_CHILDREN_FOR_EPHEMERALS", "NOCHILDRENFOREPHEMERALS", create("/e/a")],
  ["EXISTS", "NODEEXISTS", create("/e")],
  ["HAS_CHILDREN", "NOTEMPTY", { type: "delete", path: "/p", if: {}, force: false }],
  // Nothing guards a node there: to its clients it is one that may not be deleted yet.
  ["HELD", "NOTEMPTY", { type: "delete", path: "/g", if: {}, force: false }],
  ["LOST", "SESSIONEXPIRED", create("/a", { lease: idOf(9) })],
  ["QUOTA", "QUOTAEXCEEDED", create("/q")],
  ["LIMIT", "QUOTAEXCEEDED", { type: "delete", path: "/p", if: {}, force: false, recursive: true }],
];

function opened(): Driver {
  const driver = new Driver();
  for (const session of [1, 2]) driver.open(session);
  driver.send(1, create("/e", { lease: idOf(1) }));
  driver.send(1, create("/g", { lease: idOf(1), guarded: true }));
  driver.send(1, create("/p"));
  driver.send(1, { type: "set-budget", path: "/q", budget: { nodes: { hard: 0 } } });
  for (let made = 0; made < limits.nodesPerCommand; made += limits.opsPerMulti) {
    const ops = Array.from({ length: limits.opsPerMulti }, (_, k) => create(`/p/${made + k}`));
    driver.send(1, { type: "multi", ops });
  }
  return driver;
}

describe("each code of an operation has a number in ZooKeeper", () => {
  const driver = opened();
  test.each(ours)("%s is %s", (code, name, op) => {
    expect(driver.code(2, op)).toBe(code);
    expect(zooKeeper[name]).toBeLessThan(0);
  });

  test("and each of those numbers is one that an operation can have there", () => {
    const used = new Set(ours.map(([, name]) => name));
    const sessions = new Set<Name>(["SESSIONMOVED"]);
    expect([...used, ...sessions].toSorted()).toEqual(Object.keys(zooKeeper).toSorted());
  });
});

describe("what a request comes to whose session is at fault", () => {
  const rows: [why: string, name: Name, ask: (driver: Driver) => Applied][] = [
    ["no-session", "SESSIONEXPIRED", (driver) => driver.request(9, 1, create("/a"))],
    ["moved", "SESSIONMOVED", (driver) => driver.request(2, 1, create("/a"), 0, 7)],
  ];
  test.each(rows)("%s is %s", (why, _name, ask) => {
    const driver = new Driver();
    driver.open(2);
    expect(ask(driver)).toMatchObject({ type: "refused", why });
  });
});
