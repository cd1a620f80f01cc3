import type { Clock } from "@flotilla/runtime";
import { hashOf } from "./balance/hash.ts";
import { pause } from "./pause.ts";

const mostMs = 1_000;
const mostDoublings = 10;

/**
 * Of those who try on one reading one gets in: the others come back apart from each other, over a time that doubles with
 * each try, so that many of them do not fill the log with tries.
 * @param name of whoever tries, which sets it apart from the others
 * @param tookMs how long the last try took
 */
export function standBack(clock: Clock, name: string, tries: number, tookMs: number): Promise<void> {
  const withinMs = Math.min(mostMs, Math.max(1, tookMs) * 2 ** Math.min(tries, mostDoublings));
  return pause(clock, withinMs * hashOf(`${name} ${tries}`));
}
