import { expect, test, vi } from "vitest";
import type { MultiOp, SetOp } from "../src/index.ts";
import { NodeStore } from "../src/node-store.ts";
import { create, Driver } from "./support.ts";

const never = { type: "check", path: "/", if: { version: 99 } } as const;

function put(path: string, bytes: number): SetOp {
  return { type: "put", path, value: new Uint8Array(bytes), if: {} };
}

function failing(ops: MultiOp["ops"]): MultiOp {
  return { type: "multi", ops: [...ops, never] };
}

function opened(): Driver {
  const driver = new Driver();
  driver.open(1);
  return driver;
}

test("nodes of multis that fail leave no memory in use, though no command changes the tree", () => {
  const driver = opened();
  const allocate = vi.spyOn(NodeStore.prototype, "allocate");
  try {
    const ops = Array.from({ length: 300 }, (_, number) => create(`/${number}`));
    for (let round = 0; round < 5; round += 1) expect(driver.code(1, failing(ops))).toBe("BAD_VERSION");
    expect(allocate.mock.results.length).toBeGreaterThanOrEqual(5 * 300);
    const slots = allocate.mock.results.map(({ value }) => value.slot);
    expect(Math.max(...slots)).toBeLessThan(2 * 300);
  } finally {
    allocate.mockRestore();
  }
});

test("values of multis that fail take no room: small ones that follow share memory", () => {
  const driver = opened();
  const large = Array.from({ length: 20 }, (_, number) => put(`/x${number % 3}`, 2_048));
  const buffers = new Set<ArrayBufferLike>();
  for (let round = 0; round < 100; round += 1) {
    expect(driver.code(1, failing(large))).toBe("BAD_VERSION");
    expect(driver.code(1, put("/y", 1))).toBe("ok");
    for (const { node } of driver.machine.takeEvents()) if (node !== null) buffers.add(node.value.buffer);
  }
  expect(buffers.size).toBe(1);
});

test("values that a failed multi replaced stay where they are", () => {
  const driver = opened();
  const paths = Array.from({ length: 14 }, (_, number) => `/${number}`);
  for (const path of paths) driver.code(1, put(path, 1_024));
  const before = paths.map((path) => driver.machine.get(path)?.value.byteOffset);
  for (let round = 0; round < 3; round += 1)
    expect(driver.code(1, failing(paths.map((path) => put(path, 2_000))))).toBe("BAD_VERSION");
  driver.code(1, put("/after", 1));
  expect(paths.map((path) => driver.machine.get(path)?.value.byteOffset)).toEqual(before);
});
