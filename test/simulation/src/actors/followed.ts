import type { Instance } from "@flotilla/coord/client";

/** So many states had been shown when everything up to a revision had to be. */
export interface FollowDue {
  readonly revision: number;
  readonly count: number;
}

/** What somebody who follows a changing thing was shown, in order, each as text. */
export interface FollowRecord {
  readonly what: string;
  readonly who: string;
  readonly shown: string[];
  readonly dues: FollowDue[];
}

/** What one look at a changing thing showed. */
export interface LookRecord {
  readonly what: string;
  readonly who: string;
  readonly shown: string;
  /** The last revision that anybody was told of before, and the last one there was when the answer came. */
  readonly least: number;
  readonly most: number;
}

/** A set of registrations as text; sorted by id. */
export function instancesText(instances: readonly Pick<Instance, "id" | "revision">[]): string {
  return instances.map(({ id, revision }) => `${id}@${revision}`).join(" ");
}

/** A leader as text. */
export function leaderText(
  leader: { readonly id: string; readonly epoch: number; readonly value: string } | null,
): string {
  return leader === null ? "nobody" : `${leader.id} at ${leader.epoch} says ${leader.value}`;
}
