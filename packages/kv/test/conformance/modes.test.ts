import { describe, expect, test } from "vitest";
import { limits } from "../../src/index.ts";
import type { CreateOp, Stat } from "../../src/index.ts";
import { create, Driver, idOf } from "../support.ts";

type Options = Partial<Omit<CreateOp, "type" | "path">>;

const own = { lease: idOf(1) };
const ordinary: Partial<Stat> = { ephemeralOwner: null, container: false, ttlMs: null };

function opened(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, create("/p"));
  return driver;
}

describe("each create mode stores what it is and shows the owner of an ephemeral node alone", () => {
  const modes: [name: string, path: string, options: Options, made: string, stat: Partial<Stat>][] = [
    ["persistent", "/p/n", {}, "/p/n", ordinary],
    ["ephemeral", "/p/n", own, "/p/n", { ...ordinary, ephemeralOwner: idOf(1) }],
    ["persistent sequential", "/p/n-", { sequential: true }, "/p/n-0000000000", ordinary],
    [
      "ephemeral sequential",
      "/p/n-",
      { ...own, sequential: true },
      "/p/n-0000000000",
      { ...ordinary, ephemeralOwner: idOf(1) },
    ],
    ["container", "/p/n", { container: true }, "/p/n", { ...ordinary, container: true }],
    ["with a ttl", "/p/n", { ttlMs: 5_000 }, "/p/n", { ...ordinary, ttlMs: 5_000 }],
    [
      "sequential with a ttl",
      "/p/",
      { sequential: true, ttlMs: 1 },
      "/p/0000000000",
      { ...ordinary, ttlMs: 1 },
    ],
  ];
  test.each(modes)("%s", (_name, path, options, made, stat) => {
    const driver = opened();
    const result = driver.send(1, create(path, options));
    expect(result).toMatchObject({ ok: true, results: [{ path: made, stat }] });
    expect(driver.machine.exists(made)).toMatchObject(stat);
  });
});

describe("what does not go together is refused before anything else is looked at", () => {
  const container = { container: true };
  const refused: [name: string, options: Options][] = [
    ["a sequential container", { ...container, sequential: true }],
    ["an ephemeral container", { ...container, ...own }],
    ["a container with a ttl", { ...container, ttlMs: 1_000 }],
    ["an ephemeral node with a ttl", { ...own, ttlMs: 1_000 }],
    ["a ttl of nothing", { ttlMs: 0 }],
    ["a ttl beyond 40 bits", { ttlMs: limits.maxNodeTtlMs + 1 }],
  ];
  test.each(refused)("%s", (_name, options) => {
    const driver = opened();
    expect(driver.code(1, create("/missing//n", { lease: null, ...options }))).toBe("BAD_ARGUMENT");
    expect(driver.machine.nodes).toBe(2);
  });

  test("the shortest and the longest ttl are taken", () => {
    const driver = opened();
    for (const [path, ttlMs] of [["/a", 1] as const, ["/b", limits.maxNodeTtlMs] as const]) {
      expect(driver.code(1, create(path, { ttlMs }))).toBe("ok");
      expect(driver.machine.exists(path)?.ttlMs).toBe(ttlMs);
    }
  });
});

describe("children", () => {
  const parents: [name: string, options: Options, code: string][] = [
    ["persistent", {}, "ok"],
    ["ephemeral", own, "NO_CHILDREN_FOR_EPHEMERALS"],
    ["container", { container: true }, "ok"],
    ["with a ttl", { ttlMs: 1_000 }, "ok"],
  ];
  test.each(parents)("below a node that is %s", (_name, options, code) => {
    const driver = opened();
    driver.send(1, create("/p/n", options));
    for (const child of [{}, own, { container: true }, { ttlMs: 1 }, { sequential: true }])
      expect(driver.code(1, create(`/p/n/${JSON.stringify(child).length}`, child))).toBe(code);
  });
});

describe("a value", () => {
  test("may be empty, and then has the length 0", () => {
    const driver = opened();
    driver.send(1, create("/p/n", { value: new Uint8Array(0) }));
    expect(driver.machine.get("/p/n")).toMatchObject({ value: new Uint8Array(0), stat: { dataLength: 0 } });
  });
});

describe("every create answers with the path and the stat, where ZooKeeper's first kind tells the path alone", () => {
  test.each([{}, own, { container: true }, { ttlMs: 1 }, { sequential: true }] as const)("%o", (options) => {
    const driver = opened();
    const result = driver.send(1, create("/p/n", options));
    expect(result).toMatchObject({ ok: true, results: [{ ok: true, stat: { version: 0, czxid: 2 } }] });
  });
});
