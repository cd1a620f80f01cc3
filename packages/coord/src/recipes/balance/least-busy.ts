import type { Candidate, Picker } from "./api.ts";

/** How much it would have to do for its weight with one more; the fewer the better. */
export function load({ instance, busy }: Candidate): number {
  return (busy + 1) / instance.weight;
}

/** Whoever has the least to do for its weight; of equals, whoever comes after the last one picked. */
export function leastBusy(): Picker {
  let last = "";
  return (candidates) => {
    const least = Math.min(...candidates.map(load));
    const equals = candidates.filter((candidate) => load(candidate) === least);
    const next = equals.find(({ instance }) => instance.id > last) ?? equals[0] ?? candidates[0];
    last = next.instance.id;
    return next;
  };
}
