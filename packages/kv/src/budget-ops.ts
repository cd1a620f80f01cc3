import type { ErrorCode } from "@flotilla/runtime";
import { permissions } from "./acl.ts";
import type { BudgetExcess, BudgetInfo, BudgetReport, BudgetsPage, SetBudgetOp } from "./budget.ts";
import type { BudgetRecord } from "./budget-table.ts";
import { limits } from "./limits.ts";
import type { Tree } from "./tree.ts";
import type { TreeNode } from "./tree-node.ts";
import { may } from "./tree-ops.ts";
import type { Execution } from "./tree-ops.ts";

/** The nearest node above a path; of the root, itself. Above a node there are only nodes: few looks find the last one. */
function above(tree: Tree, path: string): TreeNode | undefined {
  const ends: number[] = [];
  for (let at = path.indexOf("/", 1); at !== -1; at = path.indexOf("/", at + 1)) ends.push(at);
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tree.get(path.slice(0, ends[middle])) === undefined) high = middle;
    else low = middle + 1;
  }
  return tree.get(low === 0 ? "/" : path.slice(0, ends[low - 1]));
}

/** Gives a path another budget, or none; the code when nothing was done. */
export function setBudget(x: Execution, { path, budget }: SetBudgetOp): ErrorCode | null {
  const { tree } = x;
  const { budgets } = tree;
  const judge = above(tree, path);
  if (judge === undefined || !may(x, judge, permissions.admin)) return "ERR_FLOTILLA_NO_AUTH";
  const before = budgets.get(path);
  if (budget === null) return budgets.delete(path) ? null : "ERR_FLOTILLA_NOT_FOUND";
  if (
    before === undefined &&
    (budgets.size >= limits.budgets || budgets.nestingWith(path) > limits.nestedBudgets)
  )
    return "ERR_FLOTILLA_LIMIT";
  const isRated = budget.rate !== undefined && before?.budget.rate !== undefined;
  const { second, writes } = isRated ? before : { second: 0, writes: 0 };
  budgets.set({ path, budget, second, writes });
  return null;
}

/** Budgets as everybody sees them. */
export class BudgetReads {
  readonly #tree: () => Tree;

  constructor(tree: () => Tree) {
    this.#tree = tree;
  }

  /** How many there are. */
  get size(): number {
    return this.#tree().budgets.size;
  }

  /** That of a path; null when it has none. O(log n). */
  get(path: string): BudgetInfo | null {
    const record = this.#tree().budgets.get(path);
    return record === undefined ? null : this.#info(record);
  }

  /** Those at and below a path, sorted, at most `limit` (1 to 500) of those after `after` (null: from the start). */
  page(top: string, after: string | null, limit: number): BudgetsPage {
    const size = Math.min(Math.max(1, limit), limits.budgetsPage);
    const found = this.#tree().budgets.page(top, after, size + 1);
    const budgets = found.slice(0, size).map((record) => this.#info(record));
    return { budgets, next: found.length > size ? (budgets.at(-1)?.path ?? null) : null };
  }

  /**
   * The first bound of a kind, of the budgets at or above a path from there upwards, that one more watch would go
   * beyond; `count` tells how many there are at and below a path. Null: none. O(depth).
   */
  excessOfWatch(
    path: string,
    bound: BudgetReport["bound"],
    count: (top: string) => number,
  ): BudgetExcess | null {
    for (const { path: top, budget } of this.#tree().budgets.covering(path)) {
      const limit = budget.watches?.[bound];
      if (limit === undefined) continue;
      const used = count(top);
      if (used >= limit) return { path: top, kind: "watches", limit, used, wanted: used + 1 };
    }
    return null;
  }

  /** Bounds that the last command went beyond, or was refused by; once. */
  takeReports(): readonly BudgetReport[] {
    return this.#tree().budgets.takeReports();
  }

  #info(record: BudgetRecord): BudgetInfo {
    const { path, budget } = record;
    return { path, budget, used: this.#tree().budgets.used(record) };
  }
}
