/** What a budget may bound, in the order in which it is judged. */
export const budgetKinds: readonly ["nodes", "bytes", "children", "leases", "rate", "watches"] =
  Object.freeze(["nodes", "bytes", "children", "leases", "rate", "watches"] as const);

/**
 * - `nodes`: those at and below the path.
 * - `bytes`: of all their values, as `Usage` counts them.
 * - `children`: of any one of them.
 * - `leases`: different leases that some of them end with.
 * - `rate`: creations and sets among them in one second of the log's time, counted anew as each second begins.
 * - `watches`: at one server, at or below the path. The only one that no command is judged by.
 */
export type BudgetKind = (typeof budgetKinds)[number];

/** Whole numbers from 0; one of them at least, and `soft` not above `hard`. */
export interface BudgetBounds {
  /** What goes beyond is done and reported. */
  readonly soft?: number;
  /** What would go beyond is refused with `ERR_FLOTILLA_QUOTA`. */
  readonly hard?: number;
}

/** What may be used at and below a path; a kind that is absent is not bounded. */
export type Budget = { readonly [kind in BudgetKind]?: BudgetBounds };

/** A bound that something went beyond, or would have. */
export interface BudgetExcess {
  /** Where the budget stands. */
  readonly path: string;
  readonly kind: BudgetKind;
  /** The bound. */
  readonly limit: number;
  /** What was used before. */
  readonly used: number;
  /** What it would be, or is now. */
  readonly wanted: number;
}

/** An excess as it is reported: of a soft bound by what was done, of a hard one by what was refused. */
export interface BudgetReport extends BudgetExcess {
  readonly bound: keyof BudgetBounds;
}

/**
 * Gives a path a budget, or another one in its place; null takes it away. No change that revisions count or watches
 * tell. A budget stands at its path whether there is a node or not, and binds whoever may do something below; so it
 * takes the permission `admin` on the nearest node above.
 */
export interface SetBudgetOp {
  readonly type: "set-budget";
  readonly path: string;
  readonly budget: Budget | null;
}

/** What is used of a budget. Counted only where the budget bounds it: `leases`, `rate`. */
export interface BudgetUse {
  readonly nodes: number;
  readonly bytes: number;
  readonly leases?: number;
  /** In the second of the last creation or set. */
  readonly rate?: number;
  /** At the server that was asked, which adds it. */
  readonly watches?: number;
}

/** A budget and how it stands. */
export interface BudgetInfo {
  readonly path: string;
  readonly budget: Budget;
  readonly used: BudgetUse;
}

/** A page of budgets, sorted by path. */
export interface BudgetsPage {
  readonly budgets: readonly BudgetInfo[];
  /** Pass as `after` for the next page; null when this was the last. */
  readonly next: string | null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isBounds({ soft, hard }: BudgetBounds): boolean {
  if (soft === undefined && hard === undefined) return false;
  if (![soft, hard].every((each) => each === undefined || isCount(each))) return false;
  return soft === undefined || hard === undefined || soft <= hard;
}

/** True for a budget that can be set: it bounds something, and says nothing that cannot be. */
export function isBudget(budget: Budget): boolean {
  const given = budgetKinds.map((kind) => budget[kind]).filter((bounds) => bounds !== undefined);
  return given.length > 0 && given.every(isBounds);
}
