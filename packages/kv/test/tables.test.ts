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

/** Sets the version of a node. */
function change(tree: Tree, path: string, version: number): void {
  const node = tree.get(path);
  if (node === undefined) return expect.unreachable("no node");
  tree.edit(node);
  node.version = version;
  tree.settle(node);
}

test("a moment that is held stays what it was, and what is rolled back is as before", () => {
  const digest = new Digest();
  const tree = new Tree(digest, new ItemHash());
  tree.add(factsOf("/a"), Uint8Array.of(1));
  tree.add(factsOf("/b"), Uint8Array.of(2));
  const first = tree.frozen();
  change(tree, "/a", 7);
  const second = tree.frozen();
  const before = digest.textWith(0, 0);
  tree.begin();
  change(tree, "/a", 8);
  change(tree, "/a", 9);
  const gone = tree.get("/b");
  if (gone === undefined) return expect.unreachable("no node");
  tree.delete(gone);
  tree.add({ ...factsOf("/b"), version: 5 }, new Uint8Array(0));
  tree.rollback();
  tree.tidy();
  expect(digest.textWith(0, 0)).toBe(before);
  expect([tree.get("/a")?.version, tree.get("/b")?.version, tree.get("/b")?.length]).toEqual([7, 0, 1]);
  change(tree, "/a", 10);
  const last = tree.get("/b");
  if (last !== undefined) tree.delete(last);
  tree.tidy();
  tree.add({ ...factsOf("/c"), version: 6 }, Uint8Array.of(3));
  const versions = [first, second].map((moment) => [moment.get("/a")?.version, moment.get("/b")?.version]);
  expect(versions).toEqual([
    [0, 0],
    [7, 0],
  ]);
  expect([first.get("/c"), tree.get("/c")?.version, first.size]).toEqual([undefined, 6, 2]);
});
