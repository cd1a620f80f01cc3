import fc from "fast-check";
import type { Budget, BudgetBounds } from "../src/index.ts";
import { plainRecord } from "./plain-record.ts";

/** Small enough to be reached, and now and then the soft bound above the hard one. */
function bounds(most: number): fc.Arbitrary<BudgetBounds | undefined> {
  const count = fc.integer({ min: 0, max: most });
  const both = plainRecord({ soft: count, hard: count });
  const sorted = both.map(({ soft, hard }) => ({ soft: Math.min(soft, hard), hard: Math.max(soft, hard) }));
  return fc.oneof(
    { weight: 30, arbitrary: fc.constant(undefined) },
    { weight: 6, arbitrary: plainRecord({ hard: count }) },
    { weight: 4, arbitrary: plainRecord({ soft: count }) },
    { weight: 4, arbitrary: sorted },
    { weight: 1, arbitrary: both },
  );
}

const drawn = plainRecord({
  nodes: bounds(8),
  bytes: bounds(12),
  children: bounds(4),
  leases: bounds(3),
  rate: bounds(12),
  watches: bounds(3),
});

/** A budget, often of nothing at all, which cannot be. */
function given(of: Readonly<Record<string, BudgetBounds | undefined>>): Budget {
  return Object.fromEntries(Object.entries(of).filter(([, each]) => each !== undefined));
}

/** A budget to set; null takes the one that is there away. */
export const budgets: fc.Arbitrary<Budget | null> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 5, arbitrary: drawn.map(given) },
);
