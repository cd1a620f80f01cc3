import fc from "fast-check";
import { expect, test } from "vitest";
import { NodeStore } from "../src/node-store.ts";

test("a number is one node's until it is given back, whatever comes and goes", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(99), { maxLength: 300, size: "max" }), (draws) => {
      const store = new NodeStore(2);
      const versions = new Map<number, number>();
      for (const [version, draw] of draws.entries()) {
        const slots = [...versions.keys()];
        const drawn = slots[draw];
        if (drawn === undefined) {
          const node = store.allocate();
          expect(versions.has(node.slot)).toBe(false);
          expect([node.version, node.path, node.length]).toEqual([0, "", 0]);
          node.version = version;
          versions.set(node.slot, version);
        } else {
          store.free(drawn);
          versions.delete(drawn);
        }
        for (const [slot, kept] of versions) expect(store.node(slot).version).toBe(kept);
      }
      // Numbers are used again before there are more of them.
      expect(Math.max(-1, ...versions.keys())).toBeLessThan(draws.length);
    }),
  );
});

test("a node says what it was told, numbers of any size among them", () => {
  const count = fc.maxSafeNat();
  const time = fc.maxSafeInteger();
  fc.assert(
    fc.property(fc.tuple(count, count, count, count, count), time, time, (counts, ctimeMs, mtimeMs) => {
      const [czxid, mzxid, pzxid, version, created] = counts;
      const facts = { path: "/a", czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, created };
      const rare = { owner: "a".repeat(32), guarded: true, lifetime: -1 };
      const store = new NodeStore(1);
      const node = store.allocate();
      const access = { acl: [], aversion: 1, hash: 2 };
      node.begin({ ...facts, ...rare, numChildren: 7, access });
      const copy = store.node(store.copy(node));
      for (const each of [node, copy])
        expect(each).toMatchObject({ ...facts, ...rare, numChildren: 7, access });
      store.free(node.slot);
      expect(store.node(node.slot)).toMatchObject({
        czxid: 0,
        ctimeMs: 0,
        owner: null,
        guarded: false,
        path: "",
      });
    }),
  );
});
