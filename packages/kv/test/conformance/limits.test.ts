import { describe, expect, test } from "vitest";
import { limits } from "../../src/index.ts";
import type { Operation, TreeOp } from "../../src/index.ts";
import { create, Driver, idOf } from "../support.ts";

/*
 * Limits are data of the machine, the same on every replica, and what is beyond one is a typed result: ZooKeeper drops
 * the connection at 1,048,575 bytes of a packet, and answers nothing.
 */

function opened(): Driver {
  const driver = new Driver();
  driver.open(1);
  return driver;
}

function put(path: string, bytes: number): TreeOp {
  return { type: "put", path, value: new Uint8Array(bytes), if: {} };
}

function puts(count: number): Operation {
  return { type: "multi", ops: Array.from({ length: count }, (_, number) => put(`/n${number}`, 0)) };
}

function grant(ttlMs: number): Operation {
  return { type: "grant", lease: idOf(7), ttlMs };
}

describe("the largest that is taken, and the smallest that is not", () => {
  const { valueBytes, multiBytes, opsPerMulti, pathBytes, maxTtlMs, minTtlMs, maxNodeTtlMs } = limits;
  const both = (bytes: number): Operation => ({
    type: "multi",
    ops: [put("/a", multiBytes / 2), put("/b", bytes - multiBytes / 2)],
  });
  const rows: [what: string, most: Operation, tooMuch: Operation, code: string][] = [
    ["the bytes of a value", put("/a", valueBytes), put("/a", valueBytes + 1), "TOO_LARGE"],
    ["the bytes of all values of a multi", both(multiBytes), both(multiBytes + 1), "TOO_LARGE"],
    ["the operations of a multi", puts(opsPerMulti), puts(opsPerMulti + 1), "TOO_LARGE"],
    [
      "the bytes of a path",
      put(`/${"a".repeat(pathBytes - 1)}`, 0),
      put(`/${"a".repeat(pathBytes)}`, 0),
      "BAD_PATH",
    ],
    ["the ttl of a lease", grant(maxTtlMs), grant(maxTtlMs + 1), "BAD_ARGUMENT"],
    ["the ttl of a lease, below", grant(minTtlMs), grant(minTtlMs - 1), "BAD_ARGUMENT"],
    [
      "the ttl of a node",
      create("/a", { ttlMs: maxNodeTtlMs }),
      create("/a", { ttlMs: maxNodeTtlMs + 1 }),
      "BAD_ARGUMENT",
    ],
    ["the ttl of a node, below", create("/a", { ttlMs: 1 }), create("/a", { ttlMs: 0 }), "BAD_ARGUMENT"],
  ];
  test.each(rows)("%s", (_what, most, tooMuch, code) => {
    const driver = opened();
    expect(driver.code(1, tooMuch)).toBe(code);
    expect(driver.machine.nodes).toBe(1);
    expect(driver.code(1, most)).toBe("ok");
  });

  test("the bytes of a value that is asked for count as well", () => {
    const value = new Uint8Array(valueBytes + 1);
    expect(opened().code(1, { type: "check", path: "/", if: { value } })).toBe("TOO_LARGE");
  });
});

describe("what one session may have", () => {
  test("as many leases as the limit, its own among them", () => {
    const driver = opened();
    for (let number = 1; number < limits.leasesPerSession; number += 1)
      expect(driver.code(1, { type: "grant", lease: idOf(1_000 + number), ttlMs: 9_000 })).toBe("ok");
    expect(driver.code(1, { type: "grant", lease: idOf(9_999), ttlMs: 9_000 })).toBe("LIMIT");
    expect(driver.code(1, { type: "revoke", lease: idOf(1_001) })).toBe("ok");
    expect(driver.code(1, { type: "grant", lease: idOf(9_999), ttlMs: 9_000 })).toBe("ok");
  });

  test("as many ephemeral nodes as one command may delete, over all of its leases", () => {
    const driver = opened();
    driver.send(1, { type: "grant", lease: idOf(7), ttlMs: 9_000 });
    const perMulti = limits.opsPerMulti;
    for (let made = 0; made < limits.nodesPerCommand; made += perMulti) {
      const lease = made % 2 === 0 ? idOf(1) : idOf(7);
      const ops = Array.from({ length: perMulti }, (_, k) => create(`/e${made + k}`, { lease }));
      expect(driver.code(1, { type: "multi", ops })).toBe("ok");
    }
    expect(driver.code(1, create("/more", { lease: idOf(7) }))).toBe("LIMIT");
    expect(driver.code(1, create("/lasting"))).toBe("ok");
    // A close is always admitted.
    expect(driver.code(1, { type: "close" })).toBe("ok");
    expect(driver.machine.nodes).toBe(2);
  });

  test("as many unacknowledged requests as its window holds", () => {
    const driver = opened();
    for (let seq = 1; seq <= limits.windowRequests; seq += 1)
      expect(driver.request(1, seq, put("/a", 1))).toMatchObject({ type: "answered" });
    const next = limits.windowRequests + 1;
    expect(driver.request(1, next, put("/a", 1))).toMatchObject({ type: "refused", why: "full" });
    expect(driver.request(1, next, put("/a", 1), 1)).toMatchObject({ type: "answered" });
  });
});

test("a page of children holds as many names as the limit, and tells where the next begins", () => {
  const driver = opened();
  driver.send(1, create("/p"));
  const count = limits.childrenPage + 1;
  for (let made = 0; made < count; made += 1_000) {
    const ops = Array.from({ length: Math.min(1_000, count - made) }, (_, k) =>
      create(`/p/${String(made + k).padStart(6, "0")}`),
    );
    expect(driver.code(1, { type: "multi", ops })).toBe("ok");
  }
  const page = driver.machine.children("/p", { limit: count });
  expect([page?.names.length, page?.next]).toEqual([limits.childrenPage, "009999"]);
  expect(driver.machine.children("/p", { after: "009999" })).toEqual({ names: ["010000"], next: null });
  expect(driver.machine.children("/p", { limit: 0 })?.names).toEqual(["000000"]);
});
