import type { Member, Membership } from "./config/configuration.ts";
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

function reachedIn(voters: readonly Member[], reachedBy: (id: NodeId) => number): number {
  const reached: number[] = [];
  for (const { id } of voters) reached.push(reachedBy(id));
  return reachedByMajority(reached);
}

/** The largest value that a majority has reached; in a joint configuration, a majority of each half. Dissertation §4.3. */
export function reachedByQuorum(
  { voters, outgoing }: Pick<Membership, "voters" | "outgoing">,
  reachedBy: (id: NodeId) => number,
): number {
  const reached = reachedIn(voters, reachedBy);
  return outgoing.length === 0 ? reached : Math.min(reached, reachedIn(outgoing, reachedBy));
}

function agreed(voters: readonly Member[], agrees: (voter: Member) => boolean): boolean {
  return voters.filter(agrees).length >= majority(voters.length);
}

/** True when a majority agrees; in a joint configuration, a majority of each half. Nobody is no majority. */
export function isQuorum(
  { voters, outgoing }: Pick<Membership, "voters" | "outgoing">,
  agrees: (voter: Member) => boolean,
): boolean {
  return agreed(voters, agrees) && (outgoing.length === 0 || agreed(outgoing, agrees));
}
