import { type LinePaths, linePaths } from "../line.ts";

/** The nodes of one name. Who leads, and so gives the shards out, is settled by the line and the grant. */
export interface ShardPaths extends LinePaths {
  /** A node for each that takes part, with its session. */
  readonly participants: string;
  /** Who is to own what. */
  readonly plan: string;
  /** A node for each shard that is owned, guarded, with the session of the owner. */
  readonly owned: string;
}

export function shardPaths(kind: string, name: string): ShardPaths {
  const { base, ...line } = linePaths(kind, name);
  return {
    base,
    ...line,
    participants: `${base}/participants`,
    plan: `${base}/plan`,
    owned: `${base}/owned`,
  };
}

export function ownedPath({ owned }: ShardPaths, shard: number): string {
  return `${owned}/${shard}`;
}

/** The shard of a node's name; null for any other name. */
export function shardOf(name: string): number | null {
  return /^(0|[1-9]\d{0,4})$/.test(name) ? Number(name) : null;
}

/** Shards claimed or given up by one command at most. */
export const maxAtOnce = 250;
