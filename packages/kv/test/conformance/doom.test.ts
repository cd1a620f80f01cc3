import { describe, expect, test } from "vitest";
import { limits, Machine } from "../../src/index.ts";
import type { Operation } from "../../src/index.ts";
import { create, Driver, idOf, join } from "../support.ts";

function doom(lease: number): Operation {
  return { type: "doom", lease: idOf(lease) };
}

function opened(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.open(2);
  driver.send(1, { type: "grant", lease: idOf(5), ttlMs: 5_000 });
  driver.send(1, create("/own", { lease: idOf(1) }));
  driver.send(1, create("/further", { lease: idOf(5) }));
  return driver;
}

describe("doom", () => {
  const rows: [name: string, session: number, lease: number, code: string, doomed: readonly number[]][] = [
    ["another session", 2, 1, "ok", [1]],
    ["a further lease of another session", 2, 5, "ok", [5]],
    ["the own session", 1, 1, "ok", [1]],
    ["no lease", 2, 9, "NOT_FOUND", []],
  ];
  test.each(rows)("of %s", (_name, session, lease, code, doomed) => {
    const driver = opened();
    const { revision } = driver.machine;
    for (let times = 0; times < 2; times += 1) {
      expect(driver.code(session, doom(lease))).toBe(code);
      const now = driver.machine.leases().filter((each) => each.doomed);
      expect(now.map(({ id }) => id)).toEqual(doomed.map(idOf));
    }
    expect(driver.machine.revision).toBe(revision);
    expect(driver.machine.takeEvents()).toEqual([]);
    expect(driver.machine.exists("/own")).not.toBeNull();
  });

  test("leaves the session at work until its end, which takes everything with it", () => {
    const driver = opened();
    driver.send(2, doom(1));
    expect(driver.code(1, create("/late", { lease: idOf(1) }))).toBe("ok");
    expect(driver.open(1, null, 2)).toMatchObject({ type: "attached" });
    expect(driver.expire(idOf(1))).toEqual({ type: "expired", leases: [idOf(1), idOf(5)] });
    expect(driver.machine.takeEvents().map(({ path }) => path)).toEqual(["/further", "/late", "/own"]);
  });

  test("is part of the digest and of a snapshot", () => {
    const driver = opened();
    const [doomed, other] = [opened(), opened()];
    doomed.send(2, doom(1));
    other.send(2, { type: "check", path: "/own", if: { exists: true } });
    expect(doomed.machine.digest()).not.toBe(other.machine.digest());
    const restored = new Machine();
    restored.restore(join(doomed.machine.snapshot().chunks()));
    expect(restored.leases()).toEqual(doomed.machine.leases());
    expect(restored.digest()).toBe(doomed.machine.digest());
    expect(driver.machine.lease(idOf(1))).toMatchObject({ doomed: false });
  });
});

describe("sessions", () => {
  test("tell what they have", () => {
    const driver = opened();
    driver.send(2, doom(1));
    expect(driver.machine.session(idOf(1))).toMatchObject({ leases: 2, nodes: 2, doomed: true });
    expect(driver.machine.session(idOf(2))).toMatchObject({ leases: 1, nodes: 0, doomed: false });
    expect(driver.machine.session(idOf(9))).toBeNull();
  });

  test("come in pages that add up to all of them", () => {
    const driver = new Driver();
    for (let session = 1; session <= 7; session += 1) driver.open(session);
    const all = driver.machine.sessions();
    for (const limit of [1, 3, 7, 8, limits.sessionsPage]) {
      const found: unknown[] = [];
      let after: string | null = null;
      do {
        const page = driver.machine.sessionsPage(after, limit);
        expect(page.sessions.length).toBeLessThanOrEqual(limit);
        found.push(...page.sessions);
        after = page.next;
      } while (after !== null);
      expect(found).toEqual(all);
    }
  });
});
