import { hashesAfter, hashOf } from "../balance/hash.ts";

/** Someone who may be given shards. */
export interface Applicant {
  /** Unique among them. */
  readonly name: string;
  /** What people call it; the same after a restart. */
  readonly id: string;
  /** An integer from 0; 0 is given nothing. */
  readonly weight: number;
}

/** What there is to give out. */
export interface Situation {
  readonly applicants: readonly Applicant[];
  /** For each shard the name of whom it was given to, null for nobody; it need not be an applicant any more. */
  readonly current: readonly (string | null)[];
}

/** For each shard the name of whom it is given to; null only when nobody takes any. */
export type Assignment = readonly (string | null)[];

/** A pure function of the situation, whatever the order of the applicants. */
export type Assign = (situation: Situation) => Assignment;

interface Share extends Applicant {
  /** Shards it was given before. */
  readonly kept: number;
  /** Its part by weight, rounded down. */
  readonly floor: number;
  /** Whether its part is more than that. */
  readonly rest: number;
}

/**
 * Everybody gets its part by weight, rounded down or up, and of all ways to do so one with the fewest moves: those who
 * have more than their part rounded down are the first to have it rounded up.
 */
export const sticky: Assign = (situation) => {
  const left = targets(situation);
  const next = situation.current.map((owner) => (take(left, owner) ? owner : null));
  const takers = [...left.keys()].toSorted();
  return next.map((owner) => owner ?? takers.find((name) => take(left, name)) ?? null);
};

/**
 * Every applicant draws a number for each shard, and the highest has it (rendezvous hashing, Thaler and Ravishankar; with
 * weights, Schindelhauer and Schomaker).
 */
export const rendezvous: Assign = ({ applicants, current }) => {
  const takers = inOrder(applicants).map((taker): Drawer => ({
    ...taker,
    draw: hashesAfter(`${taker.id}\u0000`),
  }));
  return current.map((_, shard) => highest(takers, String(shard)));
};

/** How many each is to have. */
function targets({ applicants, current }: Situation): Map<string, number> {
  const takers = inOrder(applicants);
  const total = takers.reduce((sum, { weight }) => sum + weight, 0);
  const kept = countsOf(current);
  const shares = takers.map((taker): Share => {
    const part = current.length * taker.weight;
    return {
      ...taker,
      kept: kept.get(taker.name) ?? 0,
      floor: Math.floor(part / total),
      rest: part % total,
    };
  });
  const over = current.length - shares.reduce((sum, { floor }) => sum + floor, 0);
  const roundedUp = new Set(
    shares
      .filter(({ rest }) => rest > 0)
      .toSorted(byClaimToMore)
      .slice(0, over),
  );
  return new Map(shares.map((share) => [share.name, share.floor + (roundedUp.has(share) ? 1 : 0)]));
}

function byClaimToMore(a: Share, b: Share): number {
  return Number(b.kept > b.floor) - Number(a.kept > a.floor) || b.rest - a.rest;
}

function countsOf(owners: Assignment): Map<string, number> {
  const counts = new Map<string, number>();
  for (const owner of owners) if (owner !== null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

function take(left: Map<string, number>, name: string | null): boolean {
  const many = name === null ? 0 : (left.get(name) ?? 0);
  if (name === null || many === 0) return false;
  left.set(name, many - 1);
  return true;
}

function inOrder(applicants: readonly Applicant[]): readonly Applicant[] {
  return applicants.filter(({ weight }) => weight > 0).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface Drawer extends Applicant {
  readonly draw: (shard: string) => number;
}

/** Of two with the same id the names decide. */
function highest(takers: readonly Drawer[], shard: string): string | null {
  let best: Drawer | null = null;
  let most = 0;
  for (const taker of takers) {
    const drawn = score(taker, taker.draw(shard));
    const isTieWon = best !== null && drawn === most && nameScore(taker, shard) > nameScore(best, shard);
    if (best !== null && drawn <= most && !isTieWon) continue;
    best = taker;
    most = drawn;
  }
  return best?.name ?? null;
}

function nameScore(taker: Applicant, shard: string): number {
  return score(taker, hashOf(`${taker.name}\u0000${shard}`));
}

function score({ weight }: Applicant, drawn: number): number {
  return -weight / Math.log(drawn);
}
