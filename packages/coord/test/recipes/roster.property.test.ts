import type { Node } from "@flotilla/kv";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { WatchEvent } from "../../src/client/api.ts";
import { type Listed, Roster } from "../../src/recipes/roster.ts";
import { runsOr } from "./play.ts";

interface Entry extends Listed {
  readonly born: number;
}

const path = "/group";
const reading = {
  // What has no value is not to be listed.
  read: (id: string, { value, stat }: Node): Entry | null =>
    value.length === 0 ? null : { id, revision: stat.mzxid, born: stat.czxid },
  isSame: (a: Entry, b: Entry): boolean => a.born === b.born,
};

function nodeOf(czxid: number, mzxid: number, isListed: boolean): Node {
  return { value: new Uint8Array(isListed ? 1 : 0), stat: { czxid, mzxid } as Node["stat"] };
}

const step = fc.record({
  name: fc.constantFrom("a", "b", "c", "d", "e", "e/below"),
  type: fc.constantFrom("put" as const, "anew" as const, "delete" as const, "snapshot" as const),
  isListed: fc.boolean(),
});

function eventFor(nodes: Map<string, Node>, name: string, isSnapshot: boolean, revision: number): WatchEvent {
  const token = {} as WatchEvent["token"];
  if (isSnapshot) {
    const all = [...nodes].map(([each, node]) => ({ path: `${path}/${each}`, node }));
    return { type: "snapshot", revision, token, reason: "asked", nodes: all };
  }
  const node = nodes.get(name) ?? null;
  return { type: node === null ? "deleted" : "changed", path: `${path}/${name}`, revision, token, node };
}

test("what one event after the other makes of a roster is what is there, and each change what became of it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const nodes = new Map<string, Node>();
      const roster = new Roster(path, reading);
      let before: readonly Entry[] = [];
      for (const [at, { name, type, isListed }] of steps.entries()) {
        const revision = at + 1;
        const old = nodes.get(name);
        if (type === "delete") nodes.delete(name);
        if (type === "anew" || type === "put")
          nodes.set(name, nodeOf((type === "put" ? old?.stat.czxid : null) ?? revision, revision, isListed));
        const change = roster.take(eventFor(nodes, name, type === "snapshot", revision));
        const all = [...nodes]
          .filter(([each]) => !each.includes("/"))
          .flatMap(([id, node]) => reading.read(id, node) ?? [])
          .toSorted((a, b) => (a.id < b.id ? -1 : 1));
        expect(roster.all).toEqual(all);
        const was = (entry: Entry): Entry | undefined =>
          before.find(({ id, born }) => id === entry.id && born === entry.born);
        const added = all.filter((entry) => was(entry) === undefined);
        const changed = all.filter((entry) => (was(entry)?.revision ?? entry.revision) !== entry.revision);
        const removed = before.filter(
          (entry) => !all.some(({ id, born }) => id === entry.id && born === entry.born),
        );
        const isNews = added.length + changed.length + removed.length > 0;
        expect(change).toEqual(isNews ? { revision, all, added, changed, removed } : null);
        before = all;
      }
    }),
    { numRuns: runsOr(200) },
  );
});
