import { budgetKinds } from "../src/budget.ts";
import type {
  Budget,
  BudgetExcess,
  BudgetInfo,
  BudgetKind,
  BudgetReport,
  SetBudgetOp,
} from "../src/budget.ts";
import { judgePath, parentPath } from "./golden-judge.ts";
import { refuse, refuseBeyond } from "./golden-refusal.ts";
import type { GoldenNode, GoldenState } from "./golden-state.ts";

/** A node that is about to be made or set. */
export interface Plan {
  readonly path: string;
  readonly value: Uint8Array;
  readonly owner: string | null;
  readonly timeMs: number;
}

/** What is used at and below a path, counted one by one. */
type Count = Record<Exclude<BudgetKind, "watches">, number>;
type Nodes = Readonly<Record<string, Pick<GoldenNode, "value" | "owner">>>;

function judgeBudget(budget: Budget | null): void {
  if (budget === null) return;
  const bounds = Object.values(budget);
  if (bounds.length === 0) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  for (const { soft, hard } of bounds) {
    if (soft === undefined && hard === undefined) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
    if (soft !== undefined && hard !== undefined && soft > hard) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  }
}

function isWithin(path: string, top: string): boolean {
  return top === "/" || path === top || path.startsWith(`${top}/`);
}

/** The paths from one up to the root. */
function upwards(path: string): string[] {
  return path === "/" ? ["/"] : [path, ...upwards(parentPath(path))];
}

function second(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}

/** As many children as the parent of the one at `path` has. */
function family(nodes: Nodes, path: string): number {
  return Object.keys(nodes).filter((other) => other !== "/" && parentPath(other) === parentPath(path)).length;
}

function writesIn({ budgets }: GoldenState, top: string, timeMs: number): number {
  return (budgets[top]?.writes ?? []).filter((each) => each === second(timeMs)).length;
}

function countAll(nodes: Nodes, top: string): Pick<Count, "nodes" | "bytes" | "leases"> {
  const found = Object.entries(nodes).filter(([path]) => isWithin(path, top));
  const owners = new Set(found.map(([, { owner }]) => owner).filter((owner) => owner !== null));
  const bytes = found.reduce((sum, [, { value }]) => sum + value.length, 0);
  return { nodes: found.length, bytes, leases: owners.size };
}

/** What is there, and what would be. */
function weigh(state: GoldenState, top: string, plan: Plan): readonly [used: Count, wanted: Count] {
  const { path, value, owner, timeMs } = plan;
  const { nodes } = state;
  const after: Nodes = { ...nodes, [path]: { owner: nodes[path]?.owner ?? owner, value: [...value] } };
  const children = path === top ? 0 : 1;
  const rate = writesIn(state, top, timeMs);
  return [
    { ...countAll(nodes, top), children: children * family(nodes, path), rate },
    { ...countAll(after, top), children: children * family(after, path), rate: rate + 1 },
  ];
}

function firstBeyond(
  state: GoldenState,
  top: string,
  plan: Plan,
  bound: "soft" | "hard",
): BudgetExcess | null {
  const [used, wanted] = weigh(state, top, plan);
  for (const kind of budgetKinds) {
    if (kind === "watches") continue;
    const limit = state.budgets[top]?.budget[kind]?.[bound];
    if (limit === undefined || wanted[kind] <= used[kind] || wanted[kind] <= limit) continue;
    return { path: top, kind, limit, used: used[kind], wanted: wanted[kind] };
  }
  return null;
}

function covering(state: GoldenState, path: string): string[] {
  return upwards(path).filter((top) => top in state.budgets);
}

/** Refuses what a hard bound has no room for. */
export function refuseBeyondBudget(state: GoldenState, plan: Plan): void {
  for (const top of covering(state, plan.path)) {
    const excess = firstBeyond(state, top, plan, "hard");
    if (excess !== null) refuseBeyond(excess);
  }
}

/** Counts what is about to be done; returns the soft bounds that it goes beyond. */
export function chargeBudgets(state: GoldenState, plan: Plan): BudgetReport[] {
  const reports: BudgetReport[] = [];
  for (const top of covering(state, plan.path)) {
    const excess = firstBeyond(state, top, plan, "soft");
    if (excess !== null) reports.push({ ...excess, bound: "soft" });
    const budget = state.budgets[top];
    if (budget?.budget.rate !== undefined) budget.writes = [...budget.writes, second(plan.timeMs)];
  }
  return reports;
}

/** All budgets and what is used of them. */
export function budgetInfos(state: GoldenState): BudgetInfo[] {
  const tops = Object.keys(state.budgets).toSorted();
  return tops.map((path) => {
    const { budget, writes } = state.budgets[path] ?? { budget: {}, writes: [] };
    const { nodes, bytes, leases } = countAll(state.nodes, path);
    const last = writes.at(-1);
    const rate = writes.filter((each) => each === last).length;
    return {
      path,
      budget,
      used: {
        nodes,
        bytes,
        ...(budget.leases === undefined ? {} : { leases }),
        ...(budget.rate === undefined ? {} : { rate }),
      },
    };
  });
}

/** Gives a path another budget, or none; `may` refuses whoever has nothing to say of a node. */
export function setBudget(
  { nodes, budgets }: GoldenState,
  { path, budget }: SetBudgetOp,
  may: (node: GoldenNode) => void,
): void {
  judgeBudget(budget);
  judgePath(path);
  const above = upwards(parentPath(path)).find((each) => each in nodes) ?? "/";
  may(nodes[above] ?? refuse("ERR_FLOTILLA_NOT_FOUND"));
  const before = budgets[path];
  if (budget === null && before === undefined) refuse("ERR_FLOTILLA_NOT_FOUND");
  const after = { ...budgets, [path]: budget };
  const nested = Object.keys(after).map((top) => upwards(top).filter((each) => each in after).length);
  if (budget !== null && before === undefined && Math.max(...nested) > 8) refuse("ERR_FLOTILLA_LIMIT");
  if (budget === null) delete budgets[path];
  else budgets[path] = { budget, writes: budget.rate === undefined ? [] : (before?.writes ?? []) };
}
