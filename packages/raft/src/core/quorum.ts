import type { Configuration, Voter } from "./config.ts";
import type { NodeId } from "./types.ts";

/** How many of `voters` are a majority. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** The largest value that a majority has reached. `reached` holds one value a voter, none below 0, and is not empty. */
export function reachedByMajority(reached: readonly number[]): number {
  const needed = majority(reached.length);
  let largest = 0;
  for (const value of reached) {
    if (value > largest && countFrom(reached, value) >= needed) largest = value;
  }
  return largest;
}

function countFrom(values: readonly number[], least: number): number {
  let count = 0;
  for (const value of values) if (value >= least) count += 1;
  return count;
}

/** True before the first leader has written the incarnations down: then everybody must agree. */
export function isFounding(configuration: Configuration): boolean {
  return configuration.historyId === "";
}

/** The voter of that id, or undefined. */
export function voterOf(configuration: Configuration, id: NodeId): Voter | undefined {
  for (const voter of configuration.voters) if (voter.id === id) return voter;
  return undefined;
}

/** True when `id` is a voter and `incarnation` may speak for it. */
export function isMember(configuration: Configuration, id: NodeId, incarnation: string): boolean {
  const voter = voterOf(configuration, id);
  return voter !== undefined && (isFounding(configuration) || voter.incarnation === incarnation);
}
