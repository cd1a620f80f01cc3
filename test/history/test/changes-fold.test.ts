import { expect, test } from "vitest";
import { changesFold } from "../src/index.ts";
import type { ToldChange } from "../src/index.ts";

const a = { id: "a", joined: 1 };
const b = { id: "b", joined: 2 };

function change(revision: number, told: Partial<ToldChange>): ToldChange {
  return { revision, members: [], joined: [], left: [], changed: [], ...told };
}

function rules(...changes: readonly ToldChange[]): readonly string[] {
  return changesFold(changes).violations.map(({ rule }) => rule);
}

test("members come, change and go", () => {
  const all = [
    change(1, { joined: [a], members: [a] }),
    change(2, { joined: [b], members: [a, b] }),
    change(3, { changed: [a], members: [a, b] }),
    change(4, { left: [a], joined: [{ id: "a", joined: 4 }], members: [{ id: "a", joined: 4 }, b] }),
    change(5, { left: [b], members: [{ id: "a", joined: 4 }] }),
  ];
  expect(changesFold(all)).toEqual({ ok: true, checked: 5, violations: [] });
});

test.each([
  ["out-of-order", [change(2, { joined: [a], members: [a] }), change(1, { members: [a] })]],
  ["left", [change(1, { left: [a] })]],
  ["joined", [change(1, { joined: [a], members: [a] }), change(2, { joined: [a], members: [a] })]],
  ["changed", [change(1, { changed: [a] })]],
  ["folded", [change(1, { joined: [a], members: [a, b] })]],
])("%s is noticed", (rule, changes) => {
  expect(rules(...changes)).toEqual([rule]);
});
