import fc from "fast-check";

const count = fc.nat();
const kinds = ["nodes", "bytes", "children", "leases", "rate", "watches"] as const;
const path = fc.string({ maxLength: 9 });
const bounds = fc.oneof(
  fc.record({ soft: count }),
  fc.record({ hard: count }),
  fc.record({ soft: count, hard: count }),
);
const budget = fc.dictionary(fc.constantFrom(...kinds), bounds, { noNullPrototype: true });

export const excesses = fc.record({
  path,
  kind: fc.constantFrom(...kinds),
  limit: count,
  used: count,
  wanted: count,
});

const infos = fc.record({
  path,
  budget,
  used: fc.record(
    { nodes: count, bytes: count, leases: count, rate: count, watches: count },
    { requiredKeys: ["nodes", "bytes"] },
  ),
});

export const setBudgets = fc.record({
  type: fc.constant("set-budget" as const),
  path,
  budget: fc.option(budget, { nil: null }),
});

export const budgetQueries = fc.oneof(
  fc.record({ type: fc.constant("budget" as const), path }),
  fc.record({
    type: fc.constant("budgets" as const),
    path,
    after: fc.option(path, { nil: null }),
    limit: fc.integer({ min: 0, max: 500 }),
  }),
);

export const budgetAnswers = fc.oneof(
  fc.record({ type: fc.constant("budget" as const), budget: fc.option(infos, { nil: null }) }),
  fc.record({
    type: fc.constant("budgets" as const),
    budgets: fc.array(infos, { maxLength: 3 }),
    next: fc.option(path, { nil: null }),
  }),
);
