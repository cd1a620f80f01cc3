import type { Line, Waiter } from "./line.ts";

/** Grants of one command at most: the rest is granted by whoever is first then. */
const maxAtOnce = 250;

/** Permits that are taken. */
function taken(holders: readonly Waiter[]): number {
  return holders.reduce((sum, { permits }) => sum + permits, 0);
}

/**
 * Whoever of those waiting has a place now, in line order. The first that does not fit ends it: who wants much is not
 * overtaken for ever by those who want little. Someone who counts another number of places stands aside.
 */
export function admitted({ holders, waiting }: Pick<Line, "holders" | "waiting">, places: number): Waiter[] {
  const found: Waiter[] = [];
  let free = places - taken(holders);
  for (const waiter of waiting) {
    if (waiter.places !== places) continue;
    if (waiter.permits > free || found.length === maxAtOnce) break;
    free -= waiter.permits;
    found.push(waiter);
  }
  return found;
}

/** Whether somebody who comes last has a place at once. */
export function fitsBeside(
  { holders, waiting }: Pick<Line, "holders" | "waiting">,
  { permits, places }: Pick<Waiter, "permits" | "places">,
): boolean {
  return waiting.length === 0 && taken(holders) + permits <= places;
}

/** How many places those who hold now count; null when nobody holds. */
export function placesHeld({ grant, holders }: Line): number | null {
  return grant === null || holders.length === 0 ? null : grant.places;
}
