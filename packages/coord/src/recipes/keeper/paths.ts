import { type ShardPaths, shardPaths } from "../shards/paths.ts";

/** The nodes of one name: a slot is a shard. */
export interface KeeperPaths extends ShardPaths {
  /** How many workers there are to be, as decimal text; absent while nobody has scaled it. */
  readonly scale: string;
  /** A node for each slot whose worker was started, with the session of the owner. */
  readonly states: string;
}

export function keeperPaths(name: string): KeeperPaths {
  const paths = shardPaths("keeper", name);
  return { ...paths, scale: `${paths.base}/${scaleName}`, states: `${paths.base}/states` };
}

export const scaleName = "scale";
