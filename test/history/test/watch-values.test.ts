import { describe, expect, test } from "vitest";
import { watchValues } from "../src/index.ts";
import type { CommittedEvent, DeliveredItem, PlacedNode, SeenNode, ValuedStream } from "../src/index.ts";

const one: SeenNode = { mzxid: 1, version: 0, value: "one" };
const two: SeenNode = { mzxid: 3, version: 1, value: "two" };
const log: readonly CommittedEvent[] = [
  { revision: 1, ordinal: 0, path: "/a", type: "created", node: one },
  { revision: 2, ordinal: 0, path: "/b", type: "created", node: { ...one, mzxid: 2 } },
  { revision: 3, ordinal: 0, path: "/a", type: "changed", node: two },
  { revision: 4, ordinal: 0, path: "/a", type: "deleted", node: null },
  { revision: 4, ordinal: 1, path: "/a", type: "created", node: { ...one, mzxid: 4 } },
];

function told(at: number, more: { node?: SeenNode | null; previous?: SeenNode | null } = {}): DeliveredItem {
  const event = log[at];
  if (event === undefined) throw new Error("no such event");
  return { kind: "event", ...event, ...more };
}

function rules(delivered: readonly DeliveredItem[], values = true): string[] {
  const watches = [{ path: "/", watchKind: "recursive" as const, from: 1, values, delivered }];
  return watchValues({ log, watches }).violations.map(({ rule }) => rule);
}

const a = { path: "/a", node: two };
const b = { path: "/b", node: { ...one, mzxid: 2 } };

/** Of a watch that was shown these at revision 3. */
function rulesAt3(nodes: readonly PlacedNode[], watch: Partial<ValuedStream> = {}): string[] {
  const delivered = [{ kind: "snapshot", revision: 3, nodes }] as const;
  const whole = { path: "/", watchKind: "recursive", from: 1, delivered } as const;
  return watchValues({ log, watches: [{ ...whole, ...watch }] }).violations.map(({ rule }) => rule);
}

describe("watchValues", () => {
  test("accepts each node as its change left it, and as the change before had", () => {
    const previous = [null, null, one, two, null];
    expect(rules(log.map((_, at) => told(at)))).toEqual([]);
    expect(rules(log.map((_, at) => told(at, { previous: previous[at] ?? null })))).toEqual([]);
    expect(rules([told(2, { node: { ...two, value: "" }, previous: { ...one, value: "" } })], false)).toEqual(
      [],
    );
  });

  test.each<[string, DeliveredItem, string]>([
    ["another value", told(2, { node: { ...two, value: "one" } }), "node"],
    ["another version", told(2, { node: { ...two, version: 0 } }), "node"],
    ["no node", told(2, { node: null }), "node"],
    ["a node that is gone", told(3, { node: two }), "node"],
    ["a later node before", told(2, { previous: two }), "previous"],
    ["no node before", told(3, { previous: null }), "previous"],
    ["a node before it was made", told(4, { previous: two }), "previous"],
  ])("finds %s", (_name, item, rule) => {
    expect(rules([item])).toEqual([rule]);
  });

  test("finds values where none were asked for", () => {
    expect(rules([told(0)], false)).toEqual(["node"]);
  });

  test("leaves what never happened to others", () => {
    expect(
      rules([{ kind: "event", revision: 9, ordinal: 0, path: "/x", type: "changed", node: one }]),
    ).toEqual([]);
  });

  describe("of a snapshot", () => {
    test("accepts all that was in scope then, in any order", () => {
      expect(rulesAt3([b, a])).toEqual([]);
      expect(rulesAt3([a], { path: "/a", watchKind: "data" })).toEqual([]);
      expect(rulesAt3([a, b], { watchKind: "children" })).toEqual([]);
      expect(rulesAt3([b], { names: "b*" })).toEqual([]);
      expect(rulesAt3([a, b], { types: ["deleted"] })).toEqual([]);
      expect(
        rulesAt3(
          [a, b].map(({ path, node }) => ({ path, node: { ...node, value: "" } })),
          { values: false },
        ),
      ).toEqual([]);
      expect(rules([{ kind: "snapshot", revision: 3 }])).toEqual([]);
    });

    test.each<[string, readonly PlacedNode[], Partial<ValuedStream>]>([
      ["a node that is missing", [a], {}],
      ["a node as it was before", [{ ...a, node: one }, b], {}],
      ["a node of later", [{ ...a, node: { ...one, mzxid: 4 } }, b], {}],
      ["a node that never was", [a, b, { ...b, path: "/c" }], {}],
      ["a node told twice", [a, b, b], {}],
      ["a node that was not watched", [a, b], { path: "/a", watchKind: "data" }],
      ["a node of another name", [a, b], { names: "b*" }],
      ["values where none were asked for", [a, b], { values: false }],
    ])("finds %s", (_name, nodes, watch) => {
      expect(rulesAt3(nodes, watch)).toEqual(["snapshot"]);
    });
  });
});
