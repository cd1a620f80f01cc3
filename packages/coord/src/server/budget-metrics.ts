import type { BudgetInfo, Machine, WatchTable } from "@flotilla/kv";
import { budgetKinds } from "@flotilla/kv";
import type { Metric } from "@flotilla/raft";
import { mayRead } from "./answers.ts";

type Samples = Exclude<Metric, { readonly type: "histogram" }>["samples"];

/** Budgets told of at most: a scraper keeps a series for each bound of each. */
const maxTold = 100;

/**
 * How budgets stand: the first hundred by path, of those at nodes that everybody may read, as a scraper says nothing of
 * who it is.
 */
export function budgetMetrics(
  budgets: Machine["budgets"],
  acl: (path: string) => ReturnType<Machine["acl"]>,
  watches: Pick<WatchTable<unknown>, "within">,
): readonly Metric[] {
  const told = budgets.page("/", null, maxTold).budgets.filter(({ path }) => mayRead(acl(path), []));
  const used = told.flatMap((info) => usedOf(info, watches));
  const limits = told.flatMap(limitsOf);
  return [
    {
      name: "flotilla_budgets",
      help: "Budgets, those among them that are not told of below.",
      type: "gauge",
      samples: [{ labels: {}, value: budgets.size }],
    },
    {
      name: "flotilla_budget_used",
      help: "What is used of what a budget bounds.",
      type: "gauge",
      samples: used,
    },
    { name: "flotilla_budget_limit", help: "Bounds of budgets.", type: "gauge", samples: limits },
  ];
}

/** Of the kinds that it bounds; not `children`, which are those of any one node. */
function usedOf({ path, budget, used }: BudgetInfo, watches: Pick<WatchTable<unknown>, "within">): Samples {
  return budgetKinds.flatMap((kind) => {
    if (kind === "children" || budget[kind] === undefined) return [];
    const value = kind === "watches" ? watches.within(path) : used[kind];
    return value === undefined ? [] : [{ labels: { path, kind }, value }];
  });
}

function limitsOf({ path, budget }: BudgetInfo): Samples {
  return budgetKinds.flatMap((kind) =>
    (["soft", "hard"] as const).flatMap((bound) => {
      const value = budget[kind]?.[bound];
      return value === undefined ? [] : [{ labels: { path, kind, bound }, value }];
    }),
  );
}
