import type { ShardOwner } from "@flotilla/coord/client";
import type { Command } from "commander";
import type { Context } from "../cli/context.ts";
import { type Listing, listingCommand } from "../cli/listing.ts";

interface OwnedShard extends ShardOwner {
  readonly shard: number;
}

interface ShardsReport {
  /** By number; without those that nobody owns. */
  readonly owned: readonly OwnedShard[];
}

const shards: Listing<ShardsReport> = {
  plural: "shards",
  folder: "/shards",
  read: async (coord, name) => {
    // Of the map the number of shards is no part.
    const map = await coord.shards(name, { count: 1 }).map();
    const owned = [...map].map(([shard, owner]) => ({ shard, ...owner }));
    return { owned: owned.toSorted((a, b) => a.shard - b.shard) };
  },
  head: ["SHARDS", "OWNED", "OWNERS"],
  row: ({ name, owned }) => [name, String(owned.length), String(new Set(owned.map(({ id }) => id)).size)],
  headOfOne: ["SHARD", "OWNER", "VALUE", "EPOCH"],
  rowsOfOne: ({ owned }) =>
    owned.map(({ shard, id, value, epoch }) => [String(shard), id, value, String(epoch)]),
};

/** `flotilla shards`: who owns which part. */
export function shardsCommand(context: Context): Command {
  return listingCommand(context, "show who owns which shards", shards);
}
