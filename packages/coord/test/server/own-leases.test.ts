import type { LeaseId, LeaseInfo } from "@flotilla/kv";
import { LeaseChanges } from "@flotilla/kv";
import { expect, test } from "vitest";
import { OwnLeases, shareOf } from "../../src/server/own-leases.ts";

const me = "a".repeat(32);

class Table {
  readonly leaseChanges: LeaseChanges = new LeaseChanges();
  looks = 0;
  readonly #leases = new Map<LeaseId, LeaseInfo>();

  grant(id: LeaseId, session: string, ttlMs: number): void {
    this.#leases.set(id, { id, session, ttlMs, doomed: false });
    this.leaseChanges.note(id);
  }

  end(id: LeaseId): void {
    this.#leases.delete(id);
    this.leaseChanges.note(id);
  }

  lease(id: LeaseId): LeaseInfo | null {
    this.looks += 1;
    return this.#leases.get(id) ?? null;
  }
}

function ids(count: number): readonly LeaseId[] {
  return Array.from({ length: count }, (_, k) => k.toString(16).padStart(32, "0"));
}

test.each([1, 40])("of %d leases, none is looked up again while nothing changes", (count) => {
  const table = new Table();
  const leases = ids(count);
  for (const id of leases) table.grant(id, me, 700);
  const own = new OwnLeases(table);
  expect(own.of(me, leases)).toEqual({ own: leases, foreign: [], shortestMs: 700 });
  expect(own.of(me, leases).own).toBe(leases);
  expect(table.looks).toBe(count);
  expect(own.of(me, [...leases])).toEqual({ own: leases, foreign: [], shortestMs: 700 });
  expect(table.looks).toBe(2 * count);
});

test.each([1, 40])(
  "of %d leases, one that ends or comes to be of another session is told at once",
  (count) => {
    const table = new Table();
    const leases = ids(count);
    const [last = ""] = leases.slice(-1);
    for (const id of leases) table.grant(id, me, 700);
    const own = new OwnLeases(table);
    const disturb = [
      () => table.end(last),
      () => table.grant(last, "b".repeat(32), 700),
      () => table.grant(last, me, 300),
      () => table.grant("e".repeat(32), me, 100),
      () => {
        table.end(last);
        for (let k = 0; k < 2_000; k += 1) table.leaseChanges.note("f".repeat(32));
      },
    ];
    own.of(me, leases);
    for (const act of disturb) {
      act();
      for (let k = 0; k < 2; k += 1) expect(own.of(me, leases)).toEqual(shareOf(table, me, leases));
    }
  },
);

test("other leases that change have no long list looked up again", () => {
  const table = new Table();
  const leases = ids(40);
  for (const id of leases) table.grant(id, me, 700);
  const own = new OwnLeases(table);
  own.of(me, leases);
  table.grant("e".repeat(32), me, 100);
  own.of(me, leases);
  expect(table.looks).toBe(40);
});
