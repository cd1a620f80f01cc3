import type { Node } from "@flotilla/kv";
import fc from "fast-check";

const uint = fc.maxSafeNat();
const point = fc.record({ revision: uint, ordinal: uint });
const pointOrNull = fc.option(point, { nil: null });

/** Questions for a page of children, with their nodes or without. */
export function pageQuery(path: fc.Arbitrary<string>): fc.Arbitrary<object> {
  return fc.oneof(childrenQuery(path), childrenQuery(path, "child-nodes"));
}

function childrenQuery(
  path: fc.Arbitrary<string>,
  type: "children" | "child-nodes" = "children",
): fc.Arbitrary<object> {
  return fc.record({
    type: fc.constant(type),
    path,
    after: fc.option(path, { nil: null }),
    limit: fc.integer({ min: 0, max: 10_000 }),
  });
}

/** Pages of children with their nodes. */
export function childNodesAnswer(name: fc.Arbitrary<string>, node: fc.Arbitrary<Node>): fc.Arbitrary<object> {
  const children = fc.array(fc.record({ name, node: fc.option(node, { nil: null }) }), { maxLength: 3 });
  return fc.record({
    type: fc.constant("child-nodes"),
    children: fc.option(children, { nil: null }),
    next: fc.option(name, { nil: null }),
  });
}

/** Questions for the past. */
export function pastQuery(path: fc.Arbitrary<string>): fc.Arbitrary<object> {
  return fc.oneof(
    fc.record({
      type: fc.constant("past"),
      revision: uint,
      query: fc.oneof(fc.record({ type: fc.constantFrom("get", "exists"), path }), childrenQuery(path)),
    }),
    fc.record({
      type: fc.constant("changes"),
      path,
      before: pointOrNull,
      limit: fc.integer({ min: 0, max: 1_000 }),
    }),
  );
}

/** What is only said of the past. */
export function pastAnswer(id: fc.Arbitrary<string>): fc.Arbitrary<object> {
  const change = fc.record({
    revision: uint,
    ordinal: uint,
    type: fc.constantFrom("created", "changed", "deleted"),
    by: fc.option(id, { nil: null }),
    timeMs: uint,
    version: uint,
  });
  const changes = fc.array(change, { maxLength: 3 });
  return fc.oneof(
    fc.record({ type: fc.constant("changes"), changes, next: pointOrNull, floor: point }),
    fc.record({ type: fc.constant("compacted"), floor: uint }),
  );
}
