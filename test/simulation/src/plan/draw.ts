import type { KeyedRandom } from "@flotilla/runtime/sim";

/** Uniform integer in [least, most]. */
export function between(random: KeyedRandom, least: number, most: number): number {
  return least + random.below(most - least + 1);
}

/** One of a list that is not empty. */
export function pick<T>(random: KeyedRandom, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

/** The items in an order drawn at random. */
export function shuffled<T>(random: KeyedRandom, items: readonly T[]): T[] {
  const rest = [...items];
  const result: T[] = [];
  while (rest.length > 0) result.push(...rest.splice(random.below(rest.length), 1));
  return result;
}
