import type { Chooser } from "./chooser.ts";

/**
 * Each as often as its weight says, and never long in a row: all gain their weight, whoever has most is picked and pays
 * what all gained (smooth weighted round-robin, as in nginx).
 */
export function weighted(): Chooser {
  let credits = new Map<string, number>();
  return (candidates, _key, isRetry = false) => {
    let best = candidates[0];
    let most = Number.NEGATIVE_INFINITY;
    let gained = 0;
    const next = new Map(isRetry ? credits : []);
    for (const candidate of candidates) {
      const { id, weight } = candidate.instance;
      const credit = (credits.get(id) ?? 0) + weight;
      next.set(id, credit);
      gained += weight;
      if (credit > most) {
        best = candidate;
        most = credit;
      }
    }
    next.set(best.instance.id, most - gained);
    credits = next;
    return best;
  };
}
