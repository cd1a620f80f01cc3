import fc from "fast-check";
import { expect, test } from "vitest";
import { openAccess } from "../src/access.ts";
import { Digest, ItemHash } from "../src/digest.ts";
import { SessionTable } from "../src/session-table.ts";
import type { FrozenNodes } from "../src/frozen-nodes.ts";
import type { NodeFacts, TreeNode } from "../src/tree-node.ts";
import { Tree } from "../src/tree.ts";
import { bytesAt } from "../src/values.ts";

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

test("a session has its own lease and further ones, and none that another session has under its id", () => {
  const table = new SessionTable(new Digest(), new ItemHash());
  const [first, second, further] = [idOf(1), idOf(2), idOf(3)] as const;
  const leasesOf = (id: string): string[] => {
    const leases = table.leasesOf(id).toSorted();
    expect(table.leaseCount(id)).toBe(leases.length);
    return leases;
  };
  expect(leasesOf(first)).toEqual([]);
  table.open({ id: first, secretHash: new Uint8Array(32), ttlMs: 1000, attach: 1 }, 0);
  table.grant({ id: first, session: first, ttlMs: 1000, doomed: false });
  expect(leasesOf(first)).toEqual([first]);
  table.grant({ id: second, session: first, ttlMs: 1000, doomed: false });
  table.grant({ id: further, session: first, ttlMs: 1000, doomed: false });
  expect(leasesOf(first)).toEqual([first, second, further]);
  expect(leasesOf(second)).toEqual([]);
  table.endLease(second);
  table.doom(first);
  expect(leasesOf(first)).toEqual([first, further]);
  table.endLease(first);
  expect(leasesOf(first)).toEqual([further]);
  table.endLease(further);
  expect(leasesOf(first)).toEqual([]);
});

function nodeAt(tree: Tree, path: string): TreeNode {
  return tree.get(path) ?? expect.unreachable("no node");
}

function setVersion(tree: Tree, path: string, version: number): void {
  const node = nodeAt(tree, path);
  tree.edit(node);
  node.version = version;
  tree.settle(node);
}

/** The versions of two nodes. */
function versionsOf(nodes: Pick<FrozenNodes, "get">): (number | undefined)[] {
  return [nodes.get("/a")?.version, nodes.get("/b")?.version];
}

test("what is rolled back is as before", () => {
  const digest = new Digest();
  const tree = new Tree(digest, new ItemHash());
  tree.add(factsOf("/a"), Uint8Array.of(1));
  tree.add(factsOf("/b"), Uint8Array.of(2));
  const before = digest.textWith(0, 0);
  tree.begin();
  setVersion(tree, "/a", 8);
  setVersion(tree, "/a", 9);
  tree.delete(nodeAt(tree, "/b"));
  tree.add({ ...factsOf("/b"), version: 5 }, new Uint8Array(0));
  expect(versionsOf(tree)).toEqual([9, 5]);
  tree.rollback();
  tree.tidy();
  expect(digest.textWith(0, 0)).toBe(before);
  expect(versionsOf(tree)).toEqual([0, 0]);
  expect(bytesAt(nodeAt(tree, "/b"))).toEqual(Uint8Array.of(2));
});

test("a moment that is held stays what it was, also when another takes the place of a node", () => {
  const tree = new Tree(new Digest(), new ItemHash());
  tree.add(factsOf("/a"), Uint8Array.of(1));
  tree.add(factsOf("/b"), Uint8Array.of(2));
  const first = tree.frozen();
  setVersion(tree, "/a", 7);
  const second = tree.frozen();
  setVersion(tree, "/a", 10);
  const { slot } = nodeAt(tree, "/b");
  tree.delete(nodeAt(tree, "/b"));
  tree.tidy();
  expect(tree.add({ ...factsOf("/c"), version: 6 }, Uint8Array.of(3)).slot).toBe(slot);
  const third = tree.frozen();
  setVersion(tree, "/c", 11);
  expect([first, second, third, tree].map(versionsOf)).toEqual([
    [0, 0],
    [7, 0],
    [10, undefined],
    [10, undefined],
  ]);
  expect([first.get("/c"), third.get("/c")?.version, first.size]).toEqual([undefined, 6, 2]);
});
