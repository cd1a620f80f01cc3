import type { Budget, BudgetBounds, BudgetInfo, BudgetKind } from "@flotilla/coord/client";
import { budgetKinds, FlotillaError } from "@flotilla/coord/client";

const shape = /^([a-z]+)=(?:(\d*):)?(\d*)$/;

function isKind(text: string | undefined): text is BudgetKind {
  return budgetKinds.some((kind) => kind === text);
}

function boundsOf(soft: string | undefined, hard: string | undefined): BudgetBounds {
  return {
    ...(soft === undefined || soft === "" ? {} : { soft: Number(soft) }),
    ...(hard === undefined || hard === "" ? {} : { hard: Number(hard) }),
  };
}

/**
 * Bounds as they are typed: `nodes=1000` is a hard one, `nodes=800:1000` a soft and a hard one, `nodes=800:` a soft one.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function parseBudget(texts: readonly string[]): Budget {
  const found = new Map<BudgetKind, BudgetBounds>();
  for (const text of texts) {
    const [, kind, soft, hard] = shape.exec(text) ?? [];
    const bounds = boundsOf(soft, hard);
    const isNew = isKind(kind) && !found.has(kind);
    if (!isNew || Object.keys(bounds).length === 0)
      throw new FlotillaError(
        "ERR_FLOTILLA_BAD_ARGUMENT",
        `${JSON.stringify(text.slice(0, 40))}: expected KIND=HARD, KIND=SOFT:HARD or KIND=SOFT:, each of ${budgetKinds.join(", ")} once at most`,
      );
    found.set(kind, bounds);
  }
  return Object.fromEntries(found);
}

/** How far a kind is used: `full` when nothing may be added. */
function stateOf({ soft, hard }: BudgetBounds, used: number | undefined): string {
  if (used === undefined) return "-";
  if (hard !== undefined && used >= hard) return used > hard ? "beyond" : "full";
  return soft !== undefined && used > soft ? "above soft" : "ok";
}

function shown(count: number | undefined): string {
  return count === undefined ? "-" : String(count);
}

/** What the rows of {@link budgetRows} are. */
export const budgetHead = ["PATH", "KIND", "USED", "SOFT", "HARD", "STATE"] as const;

/** A row for each kind that a budget bounds. How many children a node has at most is not counted. */
export function budgetRows({ path, budget, used }: BudgetInfo): string[][] {
  const counts: Partial<Record<BudgetKind, number>> = used;
  return budgetKinds.flatMap((kind) => {
    const bounds = budget[kind];
    if (bounds === undefined) return [];
    const { soft, hard } = bounds;
    return [[path, kind, shown(counts[kind]), shown(soft), shown(hard), stateOf(bounds, counts[kind])]];
  });
}
