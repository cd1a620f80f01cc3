import type { Random } from "@flotilla/runtime";
import type { Candidate, Picker } from "./api.ts";
import { load } from "./least-busy.ts";
import { drawn } from "./random.ts";

/**
 * The less busy of two different ones that are drawn by weight: nearly as even as to ask all of them, without all who ask
 * running to the same one (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing").
 */
export function twoChoices(random: Pick<Random, "float">): Picker {
  return (candidates) => {
    const one = drawn(candidates, random);
    const [first, ...rest] = candidates.filter((candidate: Candidate) => candidate !== one);
    if (first === undefined) return one;
    const other = drawn([first, ...rest], random);
    return load(other) < load(one) ? other : one;
  };
}
