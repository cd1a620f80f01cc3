import { expect, test } from "vitest";
import { LeaseChanges } from "../src/lease-changes.ts";
import { Machine } from "../src/machine.ts";

test("tells each lease that changed since, once, and whether it still knows", () => {
  const changes = new LeaseChanges();
  changes.note("a");
  changes.note("b");
  const { count } = changes;
  expect([...(changes.since(0) ?? [])]).toEqual(["a", "b"]);
  expect(changes.since(count)?.size).toBe(0);
  changes.note("b");
  changes.note("b");
  expect([...(changes.since(count) ?? [])]).toEqual(["b"]);
  for (let k = 0; k < 1_024; k += 1) changes.note(`c${k}`);
  expect(changes.since(changes.count - 1_024)?.size).toBe(1_024);
  expect(changes.since(changes.count - 1_025)).toBeNull();
});

test("a state that took the place of another knows nothing of before, and never counts back", () => {
  const machine = new Machine();
  const empty = [...machine.snapshot().chunks()];
  const before = machine.leaseChanges;
  before.note("a");
  const { count } = before;
  machine.restore(Buffer.concat(empty));
  expect(machine.leaseChanges.count).toBeGreaterThan(count);
  expect(machine.leaseChanges.since(count)).toBeNull();
  expect(machine.leaseChanges.since(machine.leaseChanges.count)?.size).toBe(0);
});
