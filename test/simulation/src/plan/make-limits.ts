import type { Limits } from "@flotilla/raft";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { pick } from "./draw.ts";

/** Bounds that the load of a world reaches. */
const small: Readonly<Record<keyof Limits, readonly number[]>> = {
  maxBatchBytes: [60, 200, 1000],
  maxBatchEntries: [1, 2, 5],
  maxTaskBytes: [60, 300, 2000],
  maxApplyBytes: [60, 300, 2000],
  maxApplyEntries: [1, 2, 5],
  inflightMessages: [1, 2, 4],
  inflightBytes: [100, 500, 4000],
  maxUncommittedEntries: [8, 20, 60],
  maxUncommittedBytes: [2000, 20_000],
  maxReads: [4, 30],
  cacheBytes: [0, 200, 2000],
  maxForwardedBytes: [1000, 10_000],
  maxUnstableBytes: [300, 2000],
  maxPendingProposals: [40, 200],
  // Reached by no world: a member that takes no snapshot never catches up.
  maxSnapshotBytes: [1 << 30],
};

function isLimit(name: string): name is keyof Limits {
  return name in small;
}

/** Half of all worlds keep the defaults; in the others most bounds are small. */
export function makeLimits(random: KeyedRandom): Partial<Limits> {
  const limits: Partial<Record<keyof Limits, number>> = {};
  if (random.chance(0.5)) return limits;
  for (const name of Object.keys(small).filter(isLimit)) {
    const value = pick(random, small[name]);
    if (random.chance(0.7)) limits[name] = value;
  }
  return limits;
}
