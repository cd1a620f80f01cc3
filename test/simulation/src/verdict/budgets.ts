import type { Budget, BudgetExcess, BudgetKind, TreeEvent } from "@flotilla/kv";
import type { GoldenCommand } from "../world/golden-log.ts";
import type { World } from "../world/world.ts";

/** A budget that stands, and the creations and sets of the latest second it has seen. */
interface Standing {
  readonly budget: Budget;
  second: number;
  writes: number;
}

/** What of a node counts. */
interface Counted {
  readonly bytes: number;
  readonly owner: string | null;
}

type Counts = Readonly<Record<Exclude<BudgetKind, "children" | "watches">, number>>;

function isWithin(path: string, top: string): boolean {
  return top === "/" || path === top || path.startsWith(`${top}/`);
}

/** The tree and its budgets as the log tells them, counted anew each time. */
class Recount {
  readonly #nodes = new Map<string, Counted>();
  readonly #budgets = new Map<string, Standing>();

  counts(top: string): Counts {
    const found = [...this.#nodes].filter(([path]) => isWithin(path, top));
    const owners = new Set(found.map(([, { owner }]) => owner).filter((owner) => owner !== null));
    const bytes = found.reduce((sum, [, node]) => sum + node.bytes, 0);
    // The root was never made.
    const nodes = found.length + (top === "/" ? 1 : 0);
    return { nodes, bytes, leases: owners.size, rate: this.#budgets.get(top)?.writes ?? 0 };
  }

  /** The hard bounds in the way of a command that was done: those it has gone beyond. */
  *broken({ command, result, events }: GoldenCommand): Generator<string> {
    const before = new Map([...this.#budgets.keys()].map((top) => [top, this.counts(top)]));
    const isRequest = command?.type === "request";
    for (const event of events) this.#change(event, isRequest);
    if (isRequest && result?.ok === true && command.operation.type === "set-budget") {
      const { path, budget } = command.operation;
      this.#setBudget(path, budget);
      return;
    }
    for (const [top, { budget }] of this.#budgets) {
      const [was, is] = [before.get(top), this.counts(top)];
      for (const kind of ["nodes", "bytes", "leases", "rate"] as const) {
        const hard = budget[kind]?.hard;
        if (hard === undefined || was === undefined || is[kind] <= hard || is[kind] <= was[kind]) continue;
        yield `${kind} of ${top} went from ${was[kind]} to ${is[kind]}, and ${hard} are allowed`;
      }
    }
  }

  #setBudget(path: string, budget: Budget | null): void {
    if (budget === null) {
      this.#budgets.delete(path);
      return;
    }
    const before = this.#budgets.get(path);
    const isRated = budget.rate !== undefined && before?.budget.rate !== undefined;
    const { second, writes } = isRated ? before : { second: 0, writes: 0 };
    this.#budgets.set(path, { budget, second, writes });
  }

  #change({ type, path, node, timeMs }: TreeEvent, isRequest: boolean): void {
    if (node === null) this.#nodes.delete(path);
    else this.#nodes.set(path, { bytes: node.value.length, owner: node.stat.ephemeralOwner });
    if (type === "deleted" || !isRequest) return;
    for (const [top, standing] of this.#budgets) {
      if (standing.budget.rate === undefined || !isWithin(path, top)) continue;
      const second = Math.max(standing.second, Math.floor(timeMs / 1_000));
      standing.writes = second === standing.second ? standing.writes + 1 : 1;
      standing.second = second;
    }
  }
}

/** A write that was refused alone: what it was told is used is used, unless a second began since. */
function isRightly({ used, wanted, limit, kind, path }: BudgetExcess, recount: Recount): boolean {
  if (wanted <= limit || used >= wanted) return false;
  if (kind === "children" || kind === "watches" || kind === "rate") return true;
  return recount.counts(path)[kind] === used;
}

/** Nothing that was done went beyond a hard bound, and whoever was refused was told what there was. */
export function judgeBudgets(world: World): void {
  const recount = new Recount();
  for (const each of world.golden.commands) {
    const { result } = each;
    if (result?.ok === false && result.failed === null && result.excess !== undefined) {
      if (!isRightly(result.excess, recount))
        world.findings.later("BudgetKept", `a write was refused by ${JSON.stringify(result.excess)}`);
    }
    for (const broken of recount.broken(each)) world.findings.later("BudgetKept", broken);
  }
}
