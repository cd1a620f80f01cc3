import fc from "fast-check";

const uint = fc.maxSafeNat();
const point = fc.record({ revision: uint, ordinal: uint });
const pointOrNull = fc.option(point, { nil: null });

/** Questions for a page of children. */
export function childrenQuery(path: fc.Arbitrary<string>): fc.Arbitrary<object> {
  return fc.record({
    type: fc.constant("children"),
    path,
    after: fc.option(path, { nil: null }),
    limit: fc.integer({ min: 0, max: 10_000 }),
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
