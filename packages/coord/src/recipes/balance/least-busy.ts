import type { Candidate } from "./api.ts";
import type { Chooser } from "./chooser.ts";

/** How much it has to do for its weight. */
export function load({ instance, busy }: Candidate): number {
  return busy / instance.weight;
}

/**
 * Whoever has the least to do for its weight; of equals, each in its turn and as often as its weight says (start-time fair
 * queueing, Goyal, Vin and Cheng): whoever could not be picked for a while has nothing to make up for.
 */
export function leastBusy(): Chooser {
  /** By id: how far it is ahead of the last one picked, in turns of a weight of 1. */
  let ahead: ReadonlyMap<string, number> = new Map();
  return (candidates, _key, isRetry = false) => {
    const aheadOf = ({ instance }: Candidate): number => ahead.get(instance.id) ?? 0;
    const least = Math.min(...candidates.map(load));
    const equals = candidates.filter((candidate) => load(candidate) === least);
    const next = equals.reduce((best, one) => (aheadOf(one) < aheadOf(best) ? one : best));
    const turn = aheadOf(next);
    const known = isRetry ? ahead.keys() : candidates.map(({ instance }) => instance.id);
    const after = new Map(Array.from(known, (id) => [id, Math.max(0, (ahead.get(id) ?? 0) - turn)]));
    // It is where the turn is.
    after.set(next.instance.id, 1 / next.instance.weight);
    ahead = after;
    return next;
  };
}
