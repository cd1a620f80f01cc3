import fc from "fast-check";
import { expect, test } from "vitest";
import { openAccess } from "../src/access.ts";
import { Digest, ItemHash } from "../src/digest.ts";
import { SessionTable } from "../src/session-table.ts";
import type { NodeFacts } from "../src/tree-node.ts";
import { Tree } from "../src/tree.ts";

const ids = fc.uniqueArray(fc.nat(0xffff), { maxLength: 12 }).map((numbers) => numbers.map(idOf));

function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

function factsOf(path: string): NodeFacts {
  return {
    path,
    czxid: 1,
    mzxid: 1,
    pzxid: 1,
    ctimeMs: 0,
    mtimeMs: 0,
    version: 0,
    created: 0,
    numChildren: 0,
    owner: null,
    guarded: false,
    lifetime: 0,
    access: openAccess,
  };
}

test("a page of sessions or leases is what comes next in a sorted list, and never longer than asked", () => {
  fc.assert(
    fc.property(ids, fc.nat(14), fc.option(fc.nat(0xffff).map(idOf)), (present, limit, after) => {
      const table = new SessionTable(new Digest(), new ItemHash());
      for (const id of present) {
        table.open({ id, secretHash: new Uint8Array(32), ttlMs: 1000, attach: 1 }, 0);
        table.grant({ id, session: id, ttlMs: 1000, doomed: false });
      }
      const expected = present
        .toSorted()
        .filter((id) => after === null || id > after)
        .slice(0, limit);
      expect(table.page(after, limit).map(({ id }) => id)).toEqual(expected);
      expect(table.leasesAfter(after, limit).map(({ id }) => id)).toEqual(expected);
    }),
  );
});

test("a node is changed in place, and copied once for whatever holds it as it was", () => {
  const tree = new Tree(new Digest(), new ItemHash());
  const node = tree.add(factsOf("/a"), Uint8Array.of(1));
  expect(tree.edit(node)).toBe(node);
  tree.settle(node);
  const frozen = tree.frozen();
  const copy = tree.edit(node);
  copy.version = 7;
  tree.settle(copy);
  expect(copy).not.toBe(node);
  expect([tree.get("/a"), frozen.get("/a")]).toEqual([copy, node]);
  expect(tree.edit(copy)).toBe(copy);
  tree.settle(copy);
  tree.begin();
  const tried = tree.edit(copy);
  expect(tried).not.toBe(copy);
  tree.settle(tried);
  expect(tree.edit(tried)).toBe(tried);
  tree.settle(tried);
  tree.rollback();
  expect(tree.get("/a")).toBe(copy);
  expect(tree.edit(copy)).toBe(copy);
  tree.settle(copy);
});
