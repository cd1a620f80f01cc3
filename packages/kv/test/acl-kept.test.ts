import { expect, test } from "vitest";
import { aclBounds, budgetKinds, decodeResult, Machine, openAcl, permissions } from "../src/index.ts";
import type { Acl, Identity } from "../src/index.ts";
import { create, Driver, dump, idOf, join } from "./support.ts";

test.each<[what: string, identities: readonly Identity[]]>([
  ["a name with a colon", [{ scheme: "digest", id: "a:b:hash" }]],
  ["no name", [{ scheme: "digest", id: ":hash" }]],
  ["nothing", [{ scheme: "x509", id: "" }]],
])("a snapshot opens whatever became of the callers themselves in its lists: %s", (_what, identities) => {
  const driver = new Driver();
  driver.open(1);
  const acl = [{ scheme: "auth", id: "", permissions: permissions.all }] as const;
  const request = { type: "request", session: idOf(1), attach: 1, seq: 1, ack: 0 } as const;
  const applied = driver.apply({ ...request, operation: create("/x", { acl }), identities });
  expect(applied.type === "answered" && decodeResult(applied.result).ok).toBe(true);
  const { machine } = driver;
  const other = new Machine();
  const restore = other.beginRestore();
  restore.write(join(machine.snapshot().chunks()));
  while (restore.work());
  restore.prove();
  restore.replace();
  expect(dump(other)).toEqual(dump(machine));
  expect(other.digest()).toBe(machine.digest());
});

test("a snapshot opens however many nodes have the longest list there can be", () => {
  const driver = new Driver();
  driver.open(1);
  const acl: Acl = Array.from({ length: aclBounds.entries }, (_, entry) => {
    return { scheme: "x509", id: `${entry}`.padStart(aclBounds.idBytes, "x"), permissions: permissions.all };
  });
  for (let node = 0; node < 300; node += 1) expect(driver.code(1, create(`/${node}`, { acl }))).toBe("ok");
  const other = new Machine();
  other.restore(join(driver.machine.snapshot().chunks()));
  expect(other.digest()).toBe(driver.machine.digest());
  expect(other.acl("/299")).toEqual(acl);
});

test("what everybody shares cannot be changed by anybody", () => {
  for (const shared of [openAcl, ...openAcl, permissions, budgetKinds])
    expect(Object.isFrozen(shared)).toBe(true);
});
