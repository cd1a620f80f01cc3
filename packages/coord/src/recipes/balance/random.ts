import type { Random } from "@flotilla/runtime";
import type { Candidate, Picker } from "./api.ts";

/** One of them, each with the probability of its share of all weights. */
export function drawn(
  candidates: readonly [Candidate, ...Candidate[]],
  random: Pick<Random, "float">,
): Candidate {
  const total = candidates.reduce((sum, { instance }) => sum + instance.weight, 0);
  let left = random.float() * total;
  for (const candidate of candidates) {
    left -= candidate.instance.weight;
    if (left < 0) return candidate;
  }
  // The sum of the parts may be a little less than the whole.
  return candidates.findLast(({ instance }) => instance.weight > 0) ?? candidates[0];
}

export function byChance(random: Pick<Random, "float">): Picker {
  return (candidates) => drawn(candidates, random);
}
